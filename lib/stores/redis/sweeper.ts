import type { RedisBackend } from './redis.backend.js';
import type { Reply } from './connection/redis-client.js';
import type { Session } from './connection/session.js';
import { StoredRecord } from './record.js';
import { FORGET } from './scripts.js';
import { isStillOf } from './stamp.js';
import { uniqueId } from './unique-ids.js';

/** Keys that are looked at in one go, and milliseconds until the next. */
const PORTION = '200';
const PAUSE = 50;
/** Milliseconds for which one process keeps others from sweeping, too. */
const TURN = 600_000;
/** Bytes of an entry that are read: enough for the stamps of most. */
const HEAD = '4095';

/**
 * Removes what a clear or an invalidation leaves behind that would never expire: entries with a ttl go by themselves.
 * It looks at a few keys at a time, in one process at a time, and only where entries without an end have been stored.
 */
export class Sweeper {
  readonly #marker: string;
  readonly #turn: string;
  #marked = false;
  #timer: NodeJS.Timeout | undefined;
  #sweeping = false;
  #closed = false;

  constructor(
    private readonly backend: RedisBackend,
    /** Milliseconds from a clear or an invalidation to the sweep. */
    private readonly delay: number,
  ) {
    this.#marker = backend.names.endless;
    this.#turn = backend.names.sweep;
  }

  /** An entry without an end is being stored. */
  expects(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.backend.commands.send(this.#marker, ['SET', this.#marker, '1']).catch(() => (this.#marked = false));
  }

  /** Entries have become void. */
  wake(): void {
    if (this.#closed || this.#sweeping || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#sweep();
    }, this.delay).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true;
    try {
      if (await this.#isMyTurn()) {
        for (const session of this.#oneByOne()) await this.#sweepServer(session);
        await this.backend.commands.send(this.#turn, ['DEL', this.#turn]);
      }
    } catch {
      // The next clear or invalidation tries again.
    } finally {
      this.#sweeping = false;
    }
  }

  /** The copy of a client for many servers is none of them: nobody knows which one a part of a scan would reach. */
  #oneByOne(): readonly Session[] {
    const { servers, split } = this.backend.commands;
    return servers.sessions().filter(({ tracked }) => tracked || !split);
  }

  async #isMyTurn(): Promise<boolean> {
    const { commands } = this.backend;
    if ((await commands.send(this.#marker, ['EXISTS', this.#marker])) !== 1) return false;
    const taken = await commands.send(this.#turn, ['SET', this.#turn, uniqueId(), 'NX', 'PX', String(TURN)]);
    return taken !== null;
  }

  async #sweepServer(session: Session): Promise<void> {
    const { names } = this.backend;
    let cursor = '0';
    do {
      const reply = (await session.send(['SCAN', cursor, 'MATCH', names.everyEntry, 'COUNT', PORTION])) as [
        Reply,
        Reply[],
      ];
      cursor = String(reply[0]);
      await Promise.all(reply[1].map((name) => this.#look(String(name))));
      if (cursor !== '0') await pause();
    } while (cursor !== '0' && !this.#closed);
  }

  async #look(name: string): Promise<void> {
    const { commands, names } = this.backend;
    if ((await commands.send(name, ['PTTL', name])) !== -1) return;
    const head = await commands.send(name, ['GETRANGE', name, '0', HEAD]);
    const record = head instanceof Buffer ? StoredRecord.readHead(head) : undefined;
    const namespace = names.namespaceOf(name);
    if (record === undefined || namespace === undefined) return;
    if (await this.#isVoid(namespace, record)) await commands.run(FORGET, [name], [record.version]);
  }

  async #isVoid(namespace: string, { stamps }: StoredRecord): Promise<boolean> {
    const { stamps: local, names } = this.backend;
    const wanted: (readonly [string, Buffer])[] = [
      [namespace, stamps.namespace],
      ...stamps.tags.map(({ tag, stamp }) => [names.tag(tag), stamp] as const),
    ];
    for (const [name, stamp] of wanted) {
      const known = local.known(name) ?? (await local.fetch(name));
      if (known === undefined || !isStillOf(stamp, known.stamp)) return true;
    }
    return false;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE).unref());
}
