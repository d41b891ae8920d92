import type { Codec } from '../../codec/codec.js';
import { UnreadableError } from '../../codec/unreadable.error.js';
import { CacheTypeError } from '../../errors/cache.errors.js';
import type { Absence, Draft, Entry, FarSpace, LeaseAnswer, LeasePurpose } from '../store.js';
import type { RawEntry, Stored, Terms } from './commands.js';
import type { FileBackend } from './file.backend.js';
import { busyWhile, FileLease, type LeaseHome } from './file.lease.js';
import { FileEntry } from './file.entry.js';
import { storedName } from './names.js';
import { isIntact, readHead, type Head } from './record.js';
import type { WriteQueue } from './write-queue.js';

/** One namespace in the database: reads at once, writes by the writing thread. */
export class FileSpace implements FarSpace, LeaseHome {
  readonly #ask: WriteQueue['ask'] = (asked) => this.backend.queue.ask(asked);

  constructor(
    private readonly backend: FileBackend,
    private readonly namespace: string,
  ) {}

  read(key: string, now: number): Entry | undefined {
    const epoch = this.backend.reader.epoch();
    const raw = this.backend.reader.find(this.namespace, key);
    if (raw === undefined) return undefined;
    const head = this.#headOf(raw, key);
    if (head === undefined) return this.#unreadable(key, raw);
    if (now >= head.expiresAt + head.grace) return undefined;
    const invalidated = this.backend.reader.invalidated(head.tags);
    if (invalidated?.stale === false) return undefined;
    const entry = this.#decode(key, raw, head, epoch, invalidated?.name.slice(this.backend.scope.length));
    if (entry !== undefined) this.backend.uses?.note(raw.id);
    return entry;
  }

  readMany(keys: readonly string[], now: number): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const key of new Set(keys)) {
      const entry = this.read(key, now);
      if (entry !== undefined) found.set(key, entry);
    }
    return found;
  }

  /** Of what was cleared nothing is left that says so. */
  absence(key: string, now: number): Absence {
    const { reader, scope } = this.backend;
    const found = reader.findHead(this.namespace, key);
    const head = found === undefined ? undefined : readHead(found.head, { space: found.space, key: storedName(key) });
    if (head === undefined) return { reason: 'absent' };
    const invalidated = reader.invalidated(head.tags);
    if (invalidated !== undefined) return { reason: 'invalidated', tag: invalidated.name.slice(scope.length) };
    return { reason: now >= head.expiresAt ? 'expired' : 'absent' };
  }

  vouches(key: string, entry: Entry, _now: number): boolean {
    if (!(entry instanceof FileEntry)) return false;
    const { reader, uses } = this.backend;
    const epoch = reader.epoch();
    if (entry.epoch === epoch) return true;
    const found = reader.findHead(this.namespace, key);
    const head = found === undefined ? undefined : readHead(found.head, { space: found.space, key: storedName(key) });
    if (head?.version !== entry.version || reader.invalidated(head.tags) !== undefined) return false;
    entry.epoch = epoch;
    uses?.note(entry.id);
    return true;
  }

  async write(key: string, draft: Draft): Promise<void> {
    this.#report(key, await this.#ask({ op: 'write', ...this.#at(key), draft: this.#pack(draft) }));
  }

  async writeMany(drafts: ReadonlyMap<string, Draft>): Promise<void> {
    const packed = [...drafts].map(([key, draft]) => ({ key, draft: this.#pack(draft) }));
    await Promise.all(
      packed.map(async ({ key, draft }) =>
        this.#report(key, await this.#ask({ op: 'write', ...this.#at(key), draft })),
      ),
    );
  }

  async add(key: string, draft: Draft): Promise<boolean> {
    const ask = (): Promise<Stored> => this.#ask({ op: 'add', ...this.#at(key), draft: this.#pack(draft) });
    const stored = await ask();
    return this.#report(key, stored === 'not stored' && this.#discarded(key) ? await ask() : stored);
  }

  async swap(key: string, draft: Draft): Promise<Entry | undefined> {
    const { before, stored } = await this.#ask({ op: 'swap', ...this.#at(key), draft: this.#pack(draft) });
    this.#report(key, stored);
    return this.#shown(key, before);
  }

  async remove(key: string): Promise<boolean> {
    return this.#ask({ op: 'remove', ...this.#at(key) });
  }

  async removeMany(keys: readonly string[]): Promise<readonly string[]> {
    const removed = await Promise.all(keys.map((key) => this.#ask({ op: 'remove', ...this.#at(key) })));
    return keys.filter((_, index) => removed[index]);
  }

  async take(key: string): Promise<Entry | undefined> {
    return this.#shown(key, await this.#ask({ op: 'take', ...this.#at(key) }));
  }

  async increment(key: string, by: number, { ttl, grace, tags }: Omit<Draft, 'value'>): Promise<number> {
    const terms: Terms = { ttl, grace, tags: unique(tags) };
    const result = await this.#ask({ op: 'increment', ...this.#at(key), by, terms });
    if ('found' in result) {
      throw new CacheTypeError(`a ${result.found} is stored where a number is needed`);
    }
    this.#report(key, result.stored);
    return result.value;
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    return this.#ask({ op: 'touch', ...this.#at(key), ttl });
  }

  async lease(key: string, tags: readonly string[], purpose: LeasePurpose): Promise<LeaseAnswer> {
    const answer = await this.#ask({ op: 'lease', ...this.#at(key), tags: unique(tags), purpose });
    if ('busy' in answer) return busyWhile(() => this.#isLoading(key, answer.busy));
    if ('token' in answer) return this.#hold(answer.token, key);
    const entry = this.#shown(key, answer.entry);
    // It could not be read, and has been discarded.
    return entry === undefined ? this.lease(key, tags, purpose) : { entry };
  }

  holds({ key, token }: FileLease, lateTags: readonly string[]): boolean {
    return this.backend.reader.leaseHolds(this.namespace, key, token, lateTags);
  }

  async commit(lease: FileLease, draft: Draft): Promise<boolean> {
    const { key, token } = lease;
    this.backend.leases.delete(lease);
    const { held, stored } = await this.#ask({ op: 'commit', ...this.#at(key), token, draft: this.#pack(draft) });
    this.#report(key, stored);
    return held;
  }

  async yield({ key, token }: FileLease): Promise<void> {
    await this.#ask({ op: 'yield', ...this.#at(key), token });
  }

  async release(lease: FileLease): Promise<void> {
    this.backend.leases.delete(lease);
    await this.#ask({ op: 'release', ...this.#at(lease.key), token: lease.token });
  }

  async clear(): Promise<void> {
    await this.#ask({ op: 'clear', space: this.namespace });
  }

  #at(key: string): { space: string; key: string } {
    return { space: this.namespace, key };
  }

  #pack({ value, ttl, grace, tags }: Draft): Terms & { payload: ReturnType<Codec['serialise']> } {
    return { payload: this.backend.codec.serialise(value), ttl, grace, tags: unique(tags) };
  }

  /** Whether the draft was stored; tells those who listen. */
  #report(key: string, stored: Stored): boolean {
    const { events } = this.backend;
    if (stored === 'refused') events.emit('refuse', { namespace: this.namespace, key, cause: 'bytes' });
    if (stored === 'stored') events.emit('set', { namespace: this.namespace, key });
    return stored === 'stored';
  }

  #hold(token: number, key: string): FileLease {
    const lease = new FileLease(this.namespace, key, token, this);
    this.backend.leases.add(lease);
    return lease;
  }

  #isLoading(key: string, token: number): boolean {
    try {
      return this.backend.reader.isLoading(this.namespace, key, token);
    } catch {
      return false;
    }
  }

  #headOf(raw: RawEntry, key: string): Head | undefined {
    const head = readHead(raw.head, { space: raw.space, key: storedName(key) });
    return head !== undefined && (this.backend.encrypted || isIntact(head, raw.value)) ? head : undefined;
  }

  /** An entry that the writing thread found, as its readers see it. */
  #shown(key: string, raw: RawEntry | undefined): Entry | undefined {
    if (raw === undefined) return undefined;
    const head = this.#headOf(raw, key);
    if (head === undefined) return this.#unreadable(key, raw);
    return this.#decode(key, raw, head, -1);
  }

  #decode(key: string, raw: RawEntry, head: Head, epoch: number, invalidatedBy?: string): FileEntry | undefined {
    const { scope, codec } = this.backend;
    try {
      const value = codec.decode(raw.value, { namespace: scope + this.namespace, key });
      const tags = head.tags.map(({ name }) => name.slice(scope.length));
      return new FileEntry(raw.id, value, tags, head, epoch, invalidatedBy);
    } catch (error) {
      return this.#unreadable(key, raw, error);
    }
  }

  /** Whether what is there could not be read, and is being removed. */
  #discarded(key: string): boolean {
    const raw = this.backend.reader.find(this.namespace, key);
    return raw !== undefined && this.#shown(key, raw) === undefined;
  }

  /** What cannot be read is a miss, and is removed. */
  #unreadable(key: string, raw: RawEntry, error?: unknown): undefined {
    const { events, queue } = this.backend;
    const { namespace } = this;
    const reason = error instanceof UnreadableError ? error.reason : 'damaged';
    const security = error instanceof UnreadableError && error.security;
    events.emit('unreadable', { namespace, key, reason, security });
    queue.ask({ op: 'discard', ...this.#at(key), head: raw.head }).catch(() => {});
  }
}

function unique(tags: readonly string[]): readonly string[] {
  return tags.length < 2 ? tags : [...new Set(tags)];
}
