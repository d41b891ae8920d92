import type { Clock } from '../../support/clock.js';
import type { Commands } from './commands.js';
import { RENEW } from './scripts.js';

/** A lease, as it is renewed. */
export interface HeldLease {
  /** Its key on the server. */
  readonly name: string;
  readonly token: Buffer;
}

/** Renews the leases of this process as long as they are held. */
export class LeaseKeeper {
  readonly #held = new Set<HeldLease>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    /** Milliseconds for which a lease outlives its holder. */
    private readonly leaseTime: number,
  ) {}

  add(lease: HeldLease): void {
    this.#held.add(lease);
    this.#timer ??= setInterval(() => this.#renew(), this.leaseTime / 3).unref();
  }

  delete(lease: HeldLease): void {
    this.#held.delete(lease);
    if (this.#held.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #renew(): void {
    for (const { name, token } of this.#held) this.#renewOne(name, token).catch(() => {});
  }

  async #renewOne(name: string, token: Buffer): Promise<void> {
    const { offset } = await this.commands.servers.session(name);
    await this.commands.run(RENEW, [name], [token, String(this.leaseTime), String(this.clock.now() + offset)]);
  }
}
