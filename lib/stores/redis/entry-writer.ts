import { CacheBackendError, CacheTypeError } from '../../errors/cache.errors.js';
import { isPromise, type Awaitable } from '../../support/awaitable.js';
import type { Draft } from '../store.js';
import { BelievedStamps, type Life } from './believed-stamps.js';
import type { Command } from './connection/redis-client.js';
import type { Session } from './connection/session.js';
import type { EntryReader, Source } from './entry-reader.js';
import { millisecondsText, NONE, type KnownStamp } from './local-stamps.js';
import { StoredRecord, writeRecord, type Span, type StampedTag, type Stamps } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { INCREMENT, SET, WRITE, type Script } from './scripts.js';
import { textHash } from './text-hash.js';
import { uniqueId } from './unique-ids.js';
import { WriteBatch } from './write-batch.js';

/** Where and when something is done. */
export interface Place extends Source {
  readonly name: string;
  /** By the clock. */
  readonly now: number;
  /** The server's time after which it is not to be done any more. */
  readonly deadline: number;
}

/** How an entry is stored: whatever is there, unless a fresh one is there, or answering the one from before. */
export type How = 'set' | 'add' | 'swap';

/** What became of it. `held`: there is a fresh entry already; `refused`: it is too large. */
export type Outcome =
  { readonly what: 'stored'; readonly before: Buffer | undefined } | { readonly what: 'held' | 'refused' };

/** What an increment came to, and whether it was the first, which stored something. */
export interface Sum {
  readonly sum: number;
  readonly stored: boolean;
}

/** Rounds in which others may change what a write is about, and the longest pause between two of them, in milliseconds. */
const ROUNDS = 100;
const LONGEST_PAUSE = 20;

const STORED: Outcome = { what: 'stored', before: undefined };

/** Stores the entries of one namespace, with the stamps that the servers have at that time. */
export class EntryWriter {
  readonly #scope: string;
  readonly #seed: number;
  readonly #stampName: string;
  readonly #prefix: string;
  /** Those who add to one number in rounds wait for each other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly backend: RedisBackend,
    private readonly namespace: string,
    private readonly reader: EntryReader,
  ) {
    this.#scope = backend.names.scope(namespace);
    this.#seed = textHash(this.#scope);
    this.#stampName = backend.names.namespace(namespace);
    this.#prefix = backend.names.entries(namespace);
  }

  place(key: string): Awaitable<Place> {
    const name = this.#prefix + key;
    const session = this.backend.commands.servers.session(name);
    return isPromise(session) ? session.then((ready) => this.#placeAt(name, ready)) : this.#placeAt(name, session);
  }

  #placeAt(name: string, { offset, serverNow }: Session): Place {
    const { clock, commandTimeout } = this.backend;
    return { name, now: clock.now(), offset, deadline: serverNow + commandTimeout };
  }

  /** @throws {CacheSerializationError} before anything is asked */
  encode(key: string, value: unknown): Uint8Array {
    return this.backend.codec.encode(value, { namespace: this.#scope, key });
  }

  believe(tags: readonly string[], life: Life): BelievedStamps {
    return new BelievedStamps(this.backend, this.#stampName, tags, life);
  }

  /** Milliseconds for which the server keeps an entry; `''` for ever, `0` not at all. */
  kept({ ttl, grace }: Life): string {
    if (ttl <= 0) return '0';
    const text = millisecondsText(ttl + grace + this.backend.slack);
    if (text === '') this.backend.endless.expects();
    return text;
  }

  /** A record to be stored; undefined where it is too large, which those who listen are told. */
  record(key: string, span: Span, stamps: Stamps, frame: Uint8Array): Buffer | undefined {
    const { sealed, maxBytes, events } = this.backend;
    const version = uniqueId();
    const bytes = writeRecord({ version, span, stamps, frame, sealed, seed: textHash(key, this.#seed) });
    if (bytes.length <= maxBytes) return bytes;
    events.emit('refuse', { namespace: this.namespace, key, cause: 'bytes' });
    return undefined;
  }

  store(key: string, draft: Draft, how: How): Promise<Outcome> {
    try {
      const frame = this.encode(key, draft.value);
      const at = this.place(key);
      return isPromise(at)
        ? at.then((there) => this.#storeAt(there, key, frame, draft, how))
        : this.#storeAt(at, key, frame, draft, how);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #storeAt(at: Place, key: string, frame: Uint8Array, draft: Draft, how: How): Promise<Outcome> {
    const known = how === 'set' ? this.#stampsFor(draft) : undefined;
    if (known === undefined) return this.#storeInRounds(at, key, frame, draft, how);
    return this.#set(key, at, frame, draft, known);
  }

  async #storeInRounds(at: Place, key: string, frame: Uint8Array, draft: Draft, how: How): Promise<Outcome> {
    const believed = this.believe(draft.tags, draft);
    // What concurrent callers make of an entry must not depend on stamps that are corrected afterwards.
    await (how === 'set' ? believed.prepare() : believed.settle());
    let version: Buffer = NONE;
    for (let round = 0; round < ROUNDS; round += 1) {
      const record = this.record(key, spanOf(draft, at), believed.stamps, frame);
      if (record === undefined) return { what: 'refused' };
      const [what, found, ...stamps] = await this.#run(WRITE, at, record, [how, version], draft, believed);
      if (what === 'stamps') believed.correct([found, ...stamps]);
      else if (what === 'stored') {
        believed.confirmed();
        if (how === 'set' && !(await believed.confirm())) await this.#restamp(key, at, record, frame, draft, believed);
        return { what, before: found.length === 0 ? undefined : found };
      } else if ((await this.reader.readFresh(key, found, at, at.now)) !== undefined) return { what: 'held' };
      else version = versionOf(found);
    }
    throw unsettled();
  }

  /**
   * Adds to a number in one step where it can be read on the server, else in rounds. Under a key it cannot: what is plain there
   * is nothing to go by.
   * @throws {CacheTypeError} where something else is stored
   */
  async increment(key: string, by: number, draft: Omit<Draft, 'value'>): Promise<Sum> {
    const first = 0 + by;
    const frame = this.encode(key, first);
    const believed = this.believe(draft.tags, draft);
    await believed.settle();
    let version: Buffer = NONE;
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = await this.place(key);
      const record = this.record(key, spanOf(draft, at), believed.stamps, frame);
      if (record === undefined) throw new CacheTypeError('a number is too large to be stored here');
      const next = this.backend.sealed ? NONE : uniqueId();
      const about = [String(by), version, next];
      const [what, found, ...more] = await this.#run(INCREMENT, at, record, about, draft, believed);
      if (what === 'stamps') believed.correct([found, ...more]);
      else if (what === 'number') {
        const head = StoredRecord.readHead(more[0]!);
        if (head !== undefined && (await this.reader.areValid(head.stamps))) {
          return { sum: Number(found.toString()), stored: false };
        }
        version = next;
      } else if (what === 'other') {
        const sum = await this.#inTurn(at.name, () => this.#addInRounds(key, by));
        if (sum !== undefined) return { sum, stored: false };
        version = versionOf(found);
      } else return { sum: first, stored: draft.ttl > 0 };
    }
    throw unsettled();
  }

  /** The stamps that an entry is to carry, of the namespace and of each tag, where they are known and will last. */
  #stampsFor({ tags, ttl, grace }: Draft): readonly KnownStamp[] | undefined {
    const { stamps, commands, names } = this.backend;
    if (commands.split) return undefined;
    return stamps.knownToLast([this.#stampName, ...distinct(tags).map((tag) => names.tag(tag))], ttl + grace);
  }

  /** Stores with stamps that are known: if one of them was not right any more, the server has said so before it answers. */
  #set(key: string, at: Place, frame: Uint8Array, draft: Draft, known: readonly KnownStamp[]): Promise<Outcome> {
    const tags = distinct(draft.tags).map((tag, index): StampedTag => ({ tag, stamp: known[index + 1]!.stamp }));
    const stamps = { namespace: known[0]!.stamp, tags };
    const record = this.record(key, spanOf(draft, at), stamps, frame);
    if (record === undefined) return Promise.resolve({ what: 'refused' });
    return this.#batch(at).add(at.name, record, this.kept(draft), () =>
      known.every(({ watch }) => watch!.isTold) ? STORED : this.#setAgain(key, at, record, frame, draft),
    );
  }

  async #setAgain(key: string, at: Place, stored: Buffer, frame: Uint8Array, draft: Draft): Promise<Outcome> {
    const believed = this.believe(draft.tags, draft);
    await believed.ask();
    await this.#restamp(key, at, stored, frame, draft, believed);
    return STORED;
  }

  /** What is stored in this turn of the event loop. */
  #batch({ deadline }: Place): WriteBatch {
    const { writes, commands } = this.backend;
    if (writes.current?.closed === false) return writes.current;
    return (writes.current = new WriteBatch(async (names, about) => {
      const reply = await commands.run(SET, names, [String(deadline), ...about]);
      if (String(reply) === 'late') throw new TooLateError();
    }));
  }

  /** Corrects what was just stored with stamps that were not right any more, unless it has been replaced since. */
  async #restamp(
    key: string,
    at: Place,
    stored: Buffer,
    frame: Uint8Array,
    draft: Draft,
    believed: BelievedStamps,
  ): Promise<void> {
    const record = this.record(key, spanOf(draft, at), believed.stamps, frame);
    if (record !== undefined) await this.#run(WRITE, at, record, ['replace', versionOf(stored)], draft, believed);
  }

  /** Undefined where there is no fresh number any more. */
  async #addInRounds(key: string, by: number): Promise<number | undefined> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = await this.place(key);
      const { reply } = await this.backend.commands.read(at.name, false);
      if (!(reply instanceof Buffer)) return undefined;
      const entry = await this.reader.readFresh(key, reply, at, at.now);
      if (entry === undefined) return undefined;
      if (typeof entry.value !== 'number') throw notANumber(entry.value);
      const sum = entry.value + by;
      if (await this.#replace(key, at, reply, this.encode(key, sum))) return sum;
      await giveWay(round);
    }
    throw unsettled();
  }

  /** Whether the value was put in the place of the old one, everything else as it was. */
  async #replace(key: string, at: Place, old: Buffer, frame: Uint8Array): Promise<boolean> {
    const head = StoredRecord.readHead(old)!;
    const { createdAt, expiresAt, grace, stamps } = head;
    const record = this.record(key, { createdAt, expiresAt, grace }, stamps, frame);
    if (record === undefined) throw new CacheTypeError('a number is too large to be stored here');
    const parameters = [String(at.deadline), record, 'keep', String(at.now + at.offset), '', 'replace', head.version];
    const [what] = await this.#answer(WRITE, [at.name], parameters);
    return what === 'stored';
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  /** Runs one of the scripts that store an entry, which all begin with the same parameters. */
  async #run(
    script: Script,
    at: Place,
    record: Buffer,
    about: Command,
    life: Life,
    believed: BelievedStamps,
  ): Promise<[string, Buffer, ...Buffer[]]> {
    const common = [String(at.deadline), record, this.kept(life), String(at.now + at.offset), believed.lifeText];
    const names = [at.name, ...believed.names];
    return this.#answer(script, names, [...common, ...about, ...believed.parameters()]);
  }

  async #answer(script: Script, names: readonly string[], parameters: Command): Promise<[string, Buffer, ...Buffer[]]> {
    const [what, ...found] = (await this.backend.commands.run(script, names, parameters)) as Buffer[];
    const outcome = what!.toString();
    if (outcome === 'late') throw new TooLateError();
    return [outcome, ...found] as [string, Buffer, ...Buffer[]];
  }
}

/** From when to when an entry lives, in the server's time. */
export function spanOf({ ttl, grace }: Life, { now, offset }: Place): Span {
  return { createdAt: now + offset, expiresAt: now + offset + ttl, grace };
}

function distinct(tags: readonly string[]): readonly string[] {
  return tags.length < 2 ? tags : [...new Set(tags)];
}

function versionOf(record: Buffer): Buffer {
  return Buffer.from(StoredRecord.readHead(record)?.version ?? NONE);
}

/** So that of several processes not one is always the quicker. */
function giveWay(round: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(round, LONGEST_PAUSE)));
}

function notANumber(value: unknown): CacheTypeError {
  const found = value === null ? 'null' : typeof value;
  return new CacheTypeError(`a ${found} is stored where a number is needed`);
}

/** What the server was asked for after its deadline, and did not do. */
export class TooLateError extends CacheBackendError {
  constructor() {
    super('the Redis server was asked too late', { timedOut: true });
  }

  override get name(): string {
    return 'CacheBackendError';
  }
}

function unsettled(): CacheBackendError {
  return new CacheBackendError('others changed the entry again and again; it was not written');
}
