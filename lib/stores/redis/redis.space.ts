import type { Absence, Draft, Entry, FarSpace, LeaseAnswer, LeasePurpose } from '../store.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Reply } from './connection/redis-client.js';
import { ServerError } from './connection/server-error.js';
import { EntryReader, type Source } from './entry-reader.js';
import { EntryWriter, TooLateError, type How, type Outcome, type Place } from './entry-writer.js';
import { LeaseOffice } from './lease-office.js';
import { NONE } from './local-stamps.js';
import { StoredRecord } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { RedisEntry } from './redis.entry.js';
import { REMOVE, TOUCH } from './scripts.js';

/** Keys that one command reads at most. */
const PORTION = 128;
/** What a script says of an entry that it did not touch before somebody has looked at its tags. */
const LOOK = 'look';

/** One namespace on the servers. */
export class RedisSpace implements FarSpace {
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #office: LeaseOffice;
  readonly #prefix: string;
  readonly #stampName: string;

  constructor(
    private readonly backend: RedisBackend,
    private readonly namespace: string,
  ) {
    this.#prefix = backend.names.entries(namespace);
    this.#stampName = backend.names.namespace(namespace);
    this.#reader = new EntryReader(backend, namespace);
    this.#writer = new EntryWriter(backend, namespace, this.#reader);
    this.#office = new LeaseOffice(backend, namespace, this.#reader, this.#writer);
  }

  read(key: string, now: number): Promise<Entry | undefined> {
    return this.#readOne(key, now, this.#askStamp());
  }

  async readMany(keys: readonly string[], now: number): Promise<Map<string, Entry>> {
    const wanted = [...new Set(keys)];
    const stamp = this.#askStamp();
    const size = this.backend.commands.split ? 1 : PORTION;
    const portions: Promise<readonly (Entry | undefined)[]>[] = [];
    for (let from = 0; from < wanted.length; from += size) {
      portions.push(this.#readPortion(wanted.slice(from, from + size), now, stamp));
    }
    const found = (await Promise.all(portions)).flat();
    const entries = new Map<string, Entry>();
    for (const [index, entry] of found.entries()) if (entry !== undefined) entries.set(wanted[index]!, entry);
    return entries;
  }

  async absence(key: string, now: number): Promise<Absence> {
    const { reply, session } = await this.backend.commands.read(this.#prefix + key, false);
    const record = reply instanceof Buffer ? StoredRecord.readHead(reply) : undefined;
    if (record === undefined) return { reason: 'absent' };
    const why = await this.#reader.whyVoid(record.stamps);
    return why ?? { reason: now >= record.expiresAt - session.offset ? 'expired' : 'absent' };
  }

  vouches(_key: string, entry: Entry, now: number): boolean {
    const { tracking, clock, maxStaleness } = this.backend;
    return entry instanceof RedisEntry && entry.isCurrent(tracking, now, clock, maxStaleness);
  }

  write(key: string, draft: Draft): Promise<void> {
    return this.#store(key, draft, 'set', nothing);
  }

  async writeMany(drafts: ReadonlyMap<string, Draft>): Promise<void> {
    // None is stored if one cannot be.
    for (const [key, { value }] of drafts) this.#writer.encode(key, value);
    await Promise.all([...drafts].map(([key, draft]) => this.write(key, draft)));
  }

  async add(key: string, draft: Draft): Promise<boolean> {
    if (draft.ttl <= 0) {
      const at = await this.#writer.place(key);
      const found = await this.#found(key, at);
      if (found === undefined || (await this.#reader.readFresh(key, found, at, at.now)) === undefined) {
        await this.remove(key);
      }
      return false;
    }
    return this.#store(key, draft, 'add', ({ what }) => what === 'stored');
  }

  async swap(key: string, draft: Draft): Promise<Entry | undefined> {
    if (draft.ttl <= 0) return this.take(key);
    const before = await this.#store(key, draft, 'swap', (outcome) => {
      return outcome.what === 'stored' ? outcome.before : undefined;
    });
    if (before === undefined) return undefined;
    const at = await this.#writer.place(key);
    return this.#reader.readFresh(key, before, at, at.now);
  }

  async remove(key: string): Promise<boolean> {
    const at = await this.#writer.place(key);
    const head = await this.#removed(at, 'head');
    return head.length > 0 && this.#reader.wasFresh(head, at, at.now);
  }

  async removeMany(keys: readonly string[]): Promise<readonly string[]> {
    const removed = await Promise.all(keys.map((key) => this.remove(key)));
    return keys.filter((_, index) => removed[index]);
  }

  async take(key: string): Promise<Entry | undefined> {
    const at = await this.#writer.place(key);
    const taken = await this.#removed(at, 'all');
    return taken.length === 0 ? undefined : this.#reader.readFresh(key, taken, at, at.now);
  }

  async increment(key: string, by: number, draft: Omit<Draft, 'value'>): Promise<number> {
    const { sum, stored } = await this.#inTime(key, () => this.#writer.increment(key, by, draft));
    if (stored) this.#tell(key);
    return sum;
  }

  touch(key: string, ttl: number): Promise<boolean> {
    return this.#inTime(key, () => this.#touch(key, ttl));
  }

  /** @param version of an entry whose tags are known to be good */
  async #touch(key: string, ttl: number, version: Buffer = NONE): Promise<boolean> {
    const { commands, stamps, names, slack, endless } = this.backend;
    if (ttl === Infinity) endless.expects();
    const at = await this.#writer.place(key);
    const span = ttl === Infinity ? '' : String(ttl);
    const parameters = [String(at.deadline), String(at.now + at.offset), span, String(slack), version];
    const touched = bytesOf(await commands.run(TOUCH, [at.name], parameters));
    if (touched.toString() === 'late') throw new TooLateError();
    const isTouched = touched.toString('latin1', 0, LOOK.length) !== LOOK;
    const head = StoredRecord.readHead(isTouched ? touched : touched.subarray(LOOK.length));
    if (head === undefined || !(await this.#reader.areValid(head.stamps))) return false;
    if (!isTouched) return this.#touch(key, ttl, head.version);
    const stampNames = [this.#stampName, ...head.stamps.tags.map(({ tag }) => names.tag(tag))];
    if (ttl > 0) await stamps.keep(stampNames, ttl + head.grace);
    return true;
  }

  lease(key: string, tags: readonly string[], purpose: LeasePurpose): Promise<LeaseAnswer> {
    return this.#office.lease(key, tags, purpose);
  }

  async clear(): Promise<void> {
    const { commands, endless } = this.backend;
    await commands.send(this.#stampName, ['DEL', this.#stampName]);
    endless.wake();
  }

  #inTime<T>(key: string, ask: () => Promise<T>): Promise<T> {
    return ask().catch((error: unknown) => this.#askAgain(key, ask, error));
  }

  /** This process, or its clock, may have stood still: what was refused for that is asked for once more. */
  async #askAgain<T>(key: string, ask: () => Promise<T>, error: unknown): Promise<T> {
    if (!(error instanceof TooLateError)) throw error;
    const session = await this.backend.commands.servers.session(this.#prefix + key);
    await session.measureTime();
    return ask();
  }

  #store<T>(key: string, draft: Draft, how: How, answer: (outcome: Outcome) => T): Promise<T> {
    if (draft.ttl <= 0) return this.remove(key).then(() => answer({ what: 'held' }));
    const ask = (): Promise<Outcome> => this.#writer.store(key, draft, how);
    const done = (outcome: Outcome): Awaitable<T> => this.#stored(key, how, outcome, answer);
    return ask().then(done, (error: unknown) => this.#askAgain(key, ask, error).then(done));
  }

  #stored<T>(key: string, how: How, outcome: Outcome, answer: (outcome: Outcome) => T): Awaitable<T> {
    if (outcome.what === 'stored') this.#tell(key);
    // What is there is not what was to be there.
    if (outcome.what === 'refused' && how !== 'add') return this.remove(key).then(() => answer(outcome));
    return answer(outcome);
  }

  /** It is needed to judge whatever is read: where it is not known it is asked for at the same time. */
  #askStamp(): Source['stamp'] {
    return this.backend.stamps.askUnlessKnown(this.#stampName);
  }

  #readOne(key: string, now: number, stamp: Source['stamp']): Promise<Entry | undefined> {
    const { commands, near } = this.backend;
    return commands.readThen<Entry | undefined>(
      this.#prefix + key,
      near,
      (reply, watch, session) =>
        reply === null
          ? undefined
          : this.#reader.read(key, bytesOf(reply), { offset: session.offset, watch, stamp }, now),
      (error) => this.#misread(key, error),
    );
  }

  async #readPortion(
    keys: readonly string[],
    now: number,
    stamp: Source['stamp'],
  ): Promise<readonly (Entry | undefined)[]> {
    if (keys.length === 1) return [await this.#readOne(keys[0]!, now, stamp)];
    const { commands, near } = this.backend;
    const names = keys.map((key) => this.#prefix + key);
    const { replies, session, watches } = await commands.readTogether(names, near);
    const { offset } = session;
    const entries = replies.map((reply, index) => {
      if (reply === null) return undefined;
      return this.#reader.read(keys[index]!, bytesOf(reply), { offset, watch: watches?.[index], stamp }, now);
    });
    return entries.some(isPromise) ? Promise.all(entries) : (entries as (Entry | undefined)[]);
  }

  async #removed(at: Place, how: 'head' | 'all'): Promise<Buffer> {
    return bytesOf(await this.backend.commands.run(REMOVE, [at.name], [how]));
  }

  #found(key: string, { name }: Place): Promise<Buffer | undefined> {
    return this.backend.commands.read(name, false).then(
      ({ reply }) => (reply === null ? undefined : bytesOf(reply)),
      (error: unknown) => this.#misread(key, error),
    );
  }

  /** Something else than an entry lies there: that is no failure of the server. */
  #misread(key: string, error: unknown): undefined {
    if (!(error instanceof ServerError) || error.reply !== 'WRONGTYPE') throw error;
    const { events } = this.backend;
    events.emit('unreadable', { namespace: this.namespace, key, reason: 'wrong type', security: false });
  }

  #tell(key: string): void {
    this.backend.events.emit('set', { namespace: this.namespace, key });
  }
}

function nothing(): void {}

function bytesOf(reply: Reply): Buffer {
  return reply instanceof Buffer ? reply : Buffer.from(String(reply));
}
