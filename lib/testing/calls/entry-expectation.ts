import { isDeepStrictEqual, inspect } from 'node:util';
import type { CacheService } from '../../cache/cache.service.js';
import type { Absence, Entry } from '../../stores/store.js';
import { milliseconds, type Duration } from '../../support/duration.js';
import type { EventLog } from './event-log.js';
import { Happened } from './happened.js';
import { misused, verdict, type Judged } from './verdict.js';

/** Keys that a message names at most. */
const NAMED = 5;

/** What is expected of one entry. What it is now has to be looked up, uncounted: those expectations are promises. */
export class EntryExpectation extends Happened {
  readonly #cache: CacheService;
  readonly #log: EventLog;
  readonly #key: string;
  readonly #subject: string;
  readonly #negated: boolean;

  /** @param key as it is stored */
  constructor(cache: CacheService, log: EventLog, key: string, subject: string, negated: boolean) {
    super();
    this.#cache = cache;
    this.#log = log;
    this.#key = key;
    this.#subject = subject;
    this.#negated = negated;
  }

  /** The opposite. */
  get not(): EntryExpectation {
    return new EntryExpectation(this.#cache, this.#log, this.#key, this.#subject, !this.#negated);
  }

  /** It is there and fresh, whatever its value. */
  async toBeHeld(): Promise<void> {
    const found = await this.#find();
    this.#judge('to be held', 'value' in found, 'value' in found ? 'it is' : gone(found));
  }

  /** It is there, with this value: equal in depth, as by `assert.deepStrictEqual`. */
  async toHold(value: unknown): Promise<void> {
    const found = await this.#find();
    const met = 'value' in found && isDeepStrictEqual(found.value, value);
    const instead = 'value' in found ? `it holds ${shown(found.value)}` : gone(found);
    const values = { actual: 'value' in found ? found.value : undefined, expected: value };
    this.#judge(`to hold ${shown(value)}`, met, instead, values);
  }

  /** It is there and carries each of these tags, and maybe others. */
  async toHaveTags(...tags: readonly string[]): Promise<void> {
    if (tags.length === 0) throw misused('expectCache: toHaveTags needs the tags that are expected');
    const found = await this.#find();
    const held = 'value' in found ? found.tags : [];
    const met = 'value' in found && tags.every((tag) => held.includes(tag));
    const instead = 'value' in found ? (held.length === 0 ? 'it has none' : `it has ${list(held)}`) : gone(found);
    this.#judge(`to have ${tags.length === 1 ? 'the tag' : 'the tags'} ${list(tags)}`, met, instead);
  }

  /**
   * It is there, and has that long left: `Infinity` if it never expires.
   * @param within by how much more or less it may be. Default: 1 s.
   */
  async toHaveTtl(ttl: Duration, within: Duration = '1s'): Promise<void> {
    const [expected, tolerance] = [milliseconds(ttl, 'toHaveTtl: ttl'), milliseconds(within, 'toHaveTtl: within')];
    const found = await this.#find();
    const left = 'value' in found ? found.expiresAt - this.#cache.now() : 0;
    const met = 'value' in found && (left === expected || Math.abs(left - expected) <= tolerance);
    const instead = 'value' in found ? `it has ${span(left)}` : gone(found);
    this.#judge(`to have a ttl of ${span(expected)}`, met, instead);
  }

  /**
   * It is not there, or not fresh.
   * @param because why, as far as the store can tell. Default: whatever the reason.
   */
  async toBeGone(because?: Absence['reason']): Promise<void> {
    const found = await this.#find();
    const met = 'reason' in found && (because === undefined || found.reason === because);
    const instead = 'reason' in found ? gone(found) : `it holds ${shown(found.value)}`;
    this.#judge(because === undefined ? 'to be gone' : `to be gone because it was ${because}`, met, instead);
  }

  protected judged(): Judged {
    const entry = this.#log.entry(this.#cache.namespaceName, this.#key);
    const told = entry === undefined ? this.#others() : `what happened: ${entry.latest.join(', ')}`;
    return { subject: this.#subject, negated: this.#negated, entries: entry === undefined ? [] : [entry], told };
  }

  #find(): Promise<Entry | Absence> {
    return this.#cache.inspect(this.#key);
  }

  #judge(expected: string, met: boolean, instead: string, values?: { actual: unknown; expected: unknown }): void {
    verdict({
      subject: this.#subject,
      negated: this.#negated,
      expected,
      met,
      instead,
      ...(values === undefined ? {} : { values }),
    });
  }

  /** What else there is, for whoever has mistaken the key. */
  #others(): string {
    const seen = [...this.#log.entries].map(({ namespace, key }) =>
      namespace === '' ? key : `${key} in ${namespace}`,
    );
    if (seen.length === 0) return 'nothing happened in this cache';
    const more = seen.length > NAMED ? `, and ${seen.length - NAMED} others` : '';
    return `nothing happened to it, but to ${list(seen.slice(0, NAMED))}${more}`;
  }
}

function gone(absence: Absence): string {
  if (absence.reason === 'invalidated') return `it is not there: its tag '${absence.tag}' was invalidated`;
  return absence.reason === 'absent' ? 'it is not there' : `it is not there: ${absence.reason}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

function shown(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 200, maxArrayLength: 20 });
}

function span(ms: number): string {
  return ms === Infinity ? 'no end' : `${ms / 1_000} s`;
}
