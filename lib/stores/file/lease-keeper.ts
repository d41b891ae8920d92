import type { FileLease } from './file.lease.js';
import type { WriteQueue } from './write-queue.js';

/** Renews the leases of this process as long as they are held. */
export class LeaseKeeper {
  readonly #held = new Set<FileLease>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly queue: WriteQueue,
    /** Milliseconds between two renewals. */
    private readonly pause: number,
  ) {}

  add(lease: FileLease): void {
    this.#held.add(lease);
    this.#timer ??= setInterval(() => this.#renew(), this.pause).unref();
  }

  delete(lease: FileLease): void {
    this.#held.delete(lease);
    if (this.#held.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #renew(): void {
    for (const { space, key, token } of this.#held) this.queue.ask({ op: 'renew', space, key, token }).catch(() => {});
  }
}
