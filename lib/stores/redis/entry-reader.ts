import { UnreadableError } from '../../codec/unreadable.error.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { KnownStamp } from './local-stamps.js';
import { StoredRecord, type Stamps } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { RedisEntry } from './redis.entry.js';
import { textHash } from './text-hash.js';
import type { Watch } from './tracking.js';

/** Where bytes come from. */
export interface Source {
  /** Milliseconds from the clock's time to that of the server. */
  readonly offset: number;
  /** Whether the bytes are still what the server has; undefined where they are good once. */
  readonly watch?: Watch | undefined;
}

const NO_TAGS: readonly string[] = [];

/** Tells of the bytes under the keys of one namespace what they are worth. */
export class EntryReader {
  readonly #stampName: string;
  readonly #scope: string;
  readonly #seed: number;

  constructor(
    private readonly backend: RedisBackend,
    private readonly namespace: string,
  ) {
    this.#stampName = backend.names.namespace(namespace);
    this.#scope = backend.names.scope(namespace);
    this.#seed = textHash(this.#scope);
  }

  /** The entry, unless it is past its grace, invalidated or no entry. */
  read(key: string, bytes: Buffer, source: Source, now: number): Awaitable<RedisEntry | undefined> {
    const record = this.#recordOf(key, bytes);
    if (record === undefined || now >= record.expiresAt - source.offset + record.grace) return undefined;
    return this.#judge(key, record, source);
  }

  /** As {@link read}, for an entry that has to be fresh. */
  readFresh(key: string, bytes: Buffer, source: Source, now: number): Awaitable<RedisEntry | undefined> {
    const record = this.#recordOf(key, bytes);
    if (record === undefined || now >= record.expiresAt - source.offset) return undefined;
    return this.#judge(key, record, source);
  }

  /** Whether a head is that of an entry that was fresh and is not invalidated. */
  async wasFresh(head: Buffer, { offset }: Source, now: number): Promise<boolean> {
    const record = StoredRecord.readHead(head);
    if (record === undefined || now >= record.expiresAt - offset) return false;
    return this.areValid(record.stamps);
  }

  /** Whether the namespace and all these tags still have the stamps that they had then. */
  async areValid(stamps: Stamps): Promise<boolean> {
    return (await this.#check(stamps)) !== undefined;
  }

  /** The keys of the stamps. */
  stampNamesOf({ tags }: Stamps): readonly string[] {
    return [this.#stampName, ...tags.map(({ tag }) => this.backend.names.tag(tag))];
  }

  #recordOf(key: string, bytes: Buffer): StoredRecord | undefined {
    const record = StoredRecord.read(bytes, this.backend.sealed, textHash(key, this.#seed));
    if (record !== 'damaged') return record;
    this.#unreadable(key, 'damaged', this.backend.sealed);
    return undefined;
  }

  #judge(key: string, record: StoredRecord, source: Source): Awaitable<RedisEntry | undefined> {
    const own = this.backend.stamps.known(this.#stampName);
    if (own !== undefined && record.hasJust(own.stamp)) return this.#decode(key, record, source, [own]);
    const known = this.#check(record.stamps);
    if (isPromise(known)) return known.then((later) => later && this.#decode(key, record, source, later));
    return known && this.#decode(key, record, source, known);
  }

  /** What is known of the stamps where all of them are the right ones: at once, unless the server has to be asked. */
  #check(stamps: Stamps): Awaitable<readonly KnownStamp[] | undefined> {
    const { names, stamps: local } = this.backend;
    const known: KnownStamp[] = [];
    for (let i = -1; i < stamps.tags.length; i += 1) {
      const stamped = stamps.tags[i];
      const one = local.known(stamped === undefined ? this.#stampName : names.tag(stamped.tag));
      if (one === undefined || !one.stamp.equals(stamped?.stamp ?? stamps.namespace)) return this.#compare(stamps);
      known.push(one);
    }
    return known;
  }

  async #compare({ namespace, tags }: Stamps): Promise<readonly KnownStamp[] | undefined> {
    const { names } = this.backend;
    const found = await Promise.all([
      this.#find(this.#stampName, namespace),
      ...tags.map(({ tag, stamp }) => this.#find(names.tag(tag), stamp)),
    ]);
    return found.every((stamp) => stamp !== undefined) ? found : undefined;
  }

  /** The stamp, if it is this one. A copy of another server's may be older than the entry: it is read once more. */
  #find(name: string, expected: Buffer): Awaitable<KnownStamp | undefined> {
    const { stamps, commands } = this.backend;
    const known = stamps.known(name);
    if (known?.stamp.equals(expected) === true) return known;
    if (known !== undefined && !commands.split) return undefined;
    return stamps.fetch(name).then((fetched) => (fetched?.stamp.equals(expected) === true ? fetched : undefined));
  }

  #decode(
    key: string,
    record: StoredRecord,
    { offset, watch }: Source,
    known: readonly KnownStamp[],
  ): RedisEntry | undefined {
    const { codec, near } = this.backend;
    try {
      const value = codec.decode(record.frame, { namespace: this.#scope, key });
      const { tags } = record.stamps;
      const names = tags.length === 0 ? NO_TAGS : tags.map(({ tag }) => tag);
      return new RedisEntry(value, names, record, offset, near ? allOf(watch, known) : undefined);
    } catch (error) {
      const unreadable = error instanceof UnreadableError;
      this.#unreadable(key, unreadable ? error.reason : 'damaged', unreadable && error.security);
      return undefined;
    }
  }

  #unreadable(key: string, reason: string, security: boolean): void {
    this.backend.events.emit('unreadable', { namespace: this.namespace, key, reason, security });
  }
}

/** Undefined if one is missing. */
function allOf(watch: Watch | undefined, known: readonly KnownStamp[]): readonly Watch[] | undefined {
  const watches = watch === undefined ? [] : [watch];
  for (const stamp of known) if (stamp.watch !== undefined) watches.push(stamp.watch);
  return watches.length === known.length + 1 ? watches : undefined;
}
