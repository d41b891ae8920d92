import { UnreadableError } from '../../codec/unreadable.error.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Absence } from '../store.js';
import type { KnownStamp } from './local-stamps.js';
import { StoredRecord, type Stamps } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { RedisEntry } from './redis.entry.js';
import { isStillOf } from './stamp.js';
import { textHash } from './text-hash.js';
import type { Watch } from './tracking.js';

/** Where bytes come from. */
export interface Source {
  /** Milliseconds from the clock's time to that of the server. */
  readonly offset: number;
  /** Whether the bytes are still what the server has; undefined where they are good once. */
  readonly watch?: Watch | undefined;
  /** The stamp of the namespace, where it was not known and was asked for together with the bytes. */
  readonly stamp?: Promise<KnownStamp | undefined> | undefined;
}

/** What is known of the stamps of an entry that is not void. */
interface Standing {
  readonly known: readonly KnownStamp[];
  /** The tag that was invalidated so that the entry may be served stale, if one was. */
  readonly softenedBy?: string | undefined;
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
    return this.#judge(key, record, source, true);
  }

  /** As {@link read}, for an entry that has to be fresh. */
  readFresh(key: string, bytes: Buffer, source: Source, now: number): Awaitable<RedisEntry | undefined> {
    const record = this.#recordOf(key, bytes);
    if (record === undefined || now >= record.expiresAt - source.offset) return undefined;
    return this.#judge(key, record, source, false);
  }

  /** Whether a head is that of an entry that was fresh and is not invalidated. */
  async wasFresh(head: Buffer, { offset }: Source, now: number): Promise<boolean> {
    const record = StoredRecord.readHead(head);
    if (record === undefined || now >= record.expiresAt - offset) return false;
    return this.areValid(record.stamps);
  }

  /** Whether the namespace and all these tags still have the stamps that they had then. */
  async areValid(stamps: Stamps): Promise<boolean> {
    const standing = await this.#check(stamps);
    return standing !== undefined && standing.softenedBy === undefined;
  }

  /** Why what carries these stamps is not good any more; undefined where it is. */
  async whyVoid({ namespace, tags }: Stamps): Promise<Absence | undefined> {
    const { names } = this.backend;
    if ((await this.#find(this.#stampName, namespace)) === undefined) return { reason: 'cleared' };
    for (const { tag, stamp } of tags) {
      const found = await this.#find(names.tag(tag), stamp);
      if (found?.stamp.equals(stamp) !== true) return { reason: 'invalidated', tag };
    }
    return undefined;
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

  #judge(key: string, record: StoredRecord, source: Source, stale: boolean): Awaitable<RedisEntry | undefined> {
    const own = this.backend.stamps.known(this.#stampName);
    if (own !== undefined && record.hasJust(own.stamp)) return this.#decode(key, record, source, { known: [own] });
    const decide = (standing: Standing | undefined): RedisEntry | undefined => {
      if (standing === undefined || (standing.softenedBy !== undefined && !stale)) return undefined;
      return this.#decode(key, record, source, standing);
    };
    const standing = this.#check(record.stamps, source.stamp);
    return isPromise(standing) ? standing.then(decide) : decide(standing);
  }

  /** What is known of the stamps where none of them is void: at once, unless the server has to be asked. */
  #check(stamps: Stamps, asked?: Source['stamp']): Awaitable<Standing | undefined> {
    const { names, stamps: local } = this.backend;
    const known: KnownStamp[] = [];
    for (let i = -1; i < stamps.tags.length; i += 1) {
      const stamped = stamps.tags[i];
      const one = local.known(stamped === undefined ? this.#stampName : names.tag(stamped.tag));
      if (one === undefined || !one.stamp.equals(stamped?.stamp ?? stamps.namespace))
        return this.#compare(stamps, asked);
      known.push(one);
    }
    return { known };
  }

  async #compare({ namespace, tags }: Stamps, asked: Source['stamp']): Promise<Standing | undefined> {
    const { names } = this.backend;
    const found = await Promise.all([
      this.#find(this.#stampName, namespace, asked),
      ...tags.map(({ tag, stamp }) => this.#find(names.tag(tag), stamp)),
    ]);
    if (!found.every((stamp) => stamp !== undefined)) return undefined;
    const softened = tags.find(({ stamp }, index) => !found[index + 1]!.stamp.equals(stamp));
    return { known: found, softenedBy: softened?.tag };
  }

  /**
   * The stamp, if it is this one, or was before it was softened. One that was read before the entry, or another server's,
   * may be older than the entry: it is read once more.
   */
  #find(name: string, expected: Buffer, asked?: Source['stamp']): Awaitable<KnownStamp | undefined> {
    const { stamps, commands } = this.backend;
    const known = stamps.known(name);
    if (known?.stamp.equals(expected) === true) return known;
    const unlessVoid = (one: KnownStamp | undefined): KnownStamp | undefined =>
      one !== undefined && isStillOf(expected, one.stamp) ? one : undefined;
    if (known !== undefined && !commands.split) return unlessVoid(known);
    const readNow = (): Promise<KnownStamp | undefined> => stamps.fetch(name).then(unlessVoid);
    return asked === undefined ? readNow() : asked.then((one) => unlessVoid(one) ?? readNow());
  }

  #decode(
    key: string,
    record: StoredRecord,
    { offset, watch }: Source,
    { known, softenedBy }: Standing,
  ): RedisEntry | undefined {
    const { codec, near } = this.backend;
    try {
      const value = codec.decode(record.content, { namespace: this.#scope, key }, record.frameFrom);
      const { tags } = record.stamps;
      const names = tags.length === 0 ? NO_TAGS : tags.map(({ tag }) => tag);
      return new RedisEntry(value, names, record, offset, near ? allOf(watch, known) : undefined, softenedBy);
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
