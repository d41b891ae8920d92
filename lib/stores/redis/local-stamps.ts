import type { Clock } from '../../support/clock.js';
import type { Commands } from './commands.js';
import type { Reply } from './connection/redis-client.js';
import { ServerError } from './connection/server-error.js';
import { STAMP } from './scripts.js';
import type { Watch } from './tracking.js';
import { ID_LENGTH } from './unique-ids.js';

/** A stamp as the server had it, and whether it still has. */
export interface KnownStamp {
  readonly stamp: Buffer;
  readonly watch: Watch | undefined;
  /** Milliseconds of the machine's monotonic time until which the server keeps it at least. */
  lasts: number;
  /** Whether it was used since this was asked last. */
  used: boolean;
}

/** Stamps that are known here at most; those learned last are kept. */
const MOST = 10_000;
/** Milliseconds for which a stamp is kept on the server at least. */
const LEAST_LIFE = 3_600_000;
/** Three thousand years. */
const MOST_MILLISECONDS = 1e14;
export const NONE: Buffer = Buffer.alloc(0);

/**
 * The stamps of namespaces and tags. The server announces when one of them is gone, and the announcement arrives before
 * whatever it answers afterwards over the same connection: so those that were read once need not be read again.
 */
export class LocalStamps {
  readonly #known = new Map<string, KnownStamp>();
  /** What a server that announces nothing had last: most likely it still has. */
  readonly #seen = new Map<string, Buffer>();
  readonly #fetching = new Map<string, Promise<KnownStamp | undefined>>();

  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    /** Milliseconds for which a server that is not heard of is trusted. */
    private readonly maxStaleness: number,
  ) {}

  /** The stamp, as far as this process has to know. */
  known(name: string): KnownStamp | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    if (this.#isTrusted(known)) {
      known.used = true;
      return known;
    }
    this.#known.delete(name);
    return undefined;
  }

  /** What the server most likely has, for those whom it tells if it has something else. */
  likely(name: string): Buffer | undefined {
    return this.known(name)?.stamp ?? this.#seen.get(name);
  }

  /** The server has these, as it said just now. */
  saw(names: readonly string[], stamps: readonly Buffer[]): void {
    if (this.#announced) return;
    for (const [index, name] of names.entries()) keepLast(this.#seen, name, stamps[index]!);
  }

  /** As the server has it now or a little later, for a caller who reads an entry meanwhile; nothing where it is known. */
  askUnlessKnown(name: string): Promise<KnownStamp | undefined> | undefined {
    const known = this.#known.get(name);
    if (known !== undefined && this.#isTrusted(known)) return undefined;
    const asked = this.#ask(name);
    asked.catch(() => {});
    return asked;
  }

  /** As the server has it now; undefined where it has none. */
  fetch(name: string): Promise<KnownStamp | undefined> {
    const fetching = this.#fetching.get(name);
    if (fetching === undefined) return this.#fetch(name);
    // Others have asked for it: what the server had by then may be older than what this caller has to know.
    return fetching.then((found) => {
      if (found?.watch?.isTold === true && !this.commands.split) return found;
      return this.#fetching.get(name) ?? this.#fetch(name);
    });
  }

  /** As the server has it now, or `candidate`, for those who are about to write or to load; empty where that is empty. */
  async demand(name: string, candidate: Buffer, lifeText: string): Promise<Buffer> {
    return (await this.commands.run(STAMP, [name], [candidate, lifeText])) as Buffer;
  }

  /** All of them, if they are known and outlive an entry of this life that is stored now. */
  knownToLast(names: readonly string[], life: number): readonly KnownStamp[] | undefined {
    const last = performance.now() + life;
    const found: KnownStamp[] = [];
    for (const name of names) {
      const known = this.known(name);
      if (known === undefined || known.lasts < last) return undefined;
      found.push(known);
    }
    return found;
  }

  /** The server has these stamps and was told to keep them for so long: those who write next need not tell it again. */
  async willLast(names: readonly string[], stamps: readonly Buffer[], life: number): Promise<void> {
    if (!this.#announced) return this.saw(names, stamps);
    const lasts = performance.now() + Math.max(life, LEAST_LIFE);
    const found = await Promise.all(names.map((name) => this.known(name) ?? this.fetch(name)));
    for (const [index, known] of found.entries()) {
      if (known?.stamp.equals(stamps[index]!) === true) known.lasts = Math.max(known.lasts, lasts);
    }
  }

  /** Sees to it that they outlive an entry. */
  async keep(names: readonly string[], life: number): Promise<void> {
    await Promise.all(names.map((name) => this.demand(name, NONE, lifeText(life))));
  }

  /** The names of those that were used since this was asked last. */
  takeUsed(): string[] {
    const used: string[] = [];
    for (const [name, known] of this.#known) {
      if (known.used) used.push(name);
      known.used = false;
    }
    return used;
  }

  /** Whether changes are announced. */
  get #announced(): boolean {
    return this.commands.servers.sessions().every(({ tracked }) => tracked);
  }

  /** Another server's announcements come over another connection, which may be dead. */
  #isTrusted({ watch }: KnownStamp): boolean {
    return watch!.isTold && (!this.commands.split || watch!.holds(this.clock.now(), this.maxStaleness));
  }

  /** It is under way until the reply is there, and no longer: replies to reads that began later come after it. */
  #fetch(name: string): Promise<KnownStamp | undefined> {
    const fetched = this.#ask(name, () => this.#fetching.delete(name));
    this.#fetching.set(name, fetched);
    fetched.catch(() => this.#fetching.delete(name));
    return fetched;
  }

  #ask(name: string, done: () => void = nothing): Promise<KnownStamp | undefined> {
    return this.commands.readThen<KnownStamp | undefined>(
      name,
      true,
      (reply, watch) => {
        done();
        return this.#found(name, reply, watch);
      },
      (error) => {
        done();
        return unlessWrongType(error);
      },
    );
  }

  #found(name: string, reply: Reply, watch: Watch | undefined): KnownStamp | undefined {
    if (!(reply instanceof Buffer) || reply.length !== ID_LENGTH) return undefined;
    const known = { stamp: reply, watch, lasts: -Infinity, used: true };
    if (watch?.isTold === true) keepLast(this.#known, name, known);
    return known;
  }
}

/** Puts it after all others, the first of which goes where there are too many. */
function keepLast<T>(map: Map<string, T>, name: string, one: T): void {
  map.delete(name);
  map.set(name, one);
  if (map.size > MOST) map.delete(map.keys().next().value!);
}

function nothing(): void {}

/** Where somebody else keeps something of another type, there is no stamp. */
function unlessWrongType(error: unknown): undefined {
  if (!(error instanceof ServerError) || error.reply !== 'WRONGTYPE') throw error;
}

/** Milliseconds for which stamps are kept that an entry of this life carries; `''` for ever. */
export function lifeText(life: number): string {
  return millisecondsText(Math.max(life, LEAST_LIFE));
}

/** Milliseconds as the server takes them: whole, not negative, and `''` for more than it can count. */
export function millisecondsText(milliseconds: number): string {
  return milliseconds > MOST_MILLISECONDS ? '' : String(Math.max(Math.ceil(milliseconds), 0));
}
