import type { ChangeRecord, ReadRecord } from './history.js';
import type { HistoryIndex, KeyHistory, Origin } from './history-index.js';
import { shown, worded, type Violation } from './violation.js';
import { VisibleChanges } from './visible-changes.js';

/** Milliseconds by which nodes may be late. */
export interface ReadAllowances {
  readonly maxStaleness: number;
  readonly overrun: number;
}

interface Verdict {
  readonly rule: Violation['rule'];
  readonly why: string;
  readonly records: Violation['records'];
}

/** Finds the reads of one key that were given what they must not have been given. */
export class ReadJudge {
  readonly #visible: VisibleChanges;
  /** Invalidations that leave nothing to be served stale. */
  readonly #plain = new Map<string, readonly ChangeRecord[]>();

  constructor(
    private readonly index: HistoryIndex,
    private readonly allowances: ReadAllowances,
  ) {
    this.#visible = new VisibleChanges(allowances.maxStaleness);
  }

  *of(book: KeyHistory): Generator<Violation> {
    const taken = new Map<string, ReadRecord>();
    for (const read of book.reads) {
      if (read.version === null) continue;
      const verdict = this.#judge(book, read, read.version) ?? this.#takenTwice(taken, read, read.version);
      if (verdict === undefined) continue;
      const { rule, why, records } = verdict;
      yield { rule, message: `${rule}: ${worded(read)}: ${why}`, records: [read, ...records] };
    }
  }

  #judge(book: KeyHistory, read: ReadRecord, version: string): Verdict | undefined {
    const origins = this.index.originsOf(read, version).filter(({ begin }) => begin < (read.end ?? Infinity));
    if (origins.length === 0) return { rule: 'never stored', why: 'nobody had made that value', records: [] };
    return this.#staleByAll(book, read, origins) ?? this.#pastItsEnd(book, read, origins);
  }

  /** Of a value that was found to be right again nobody can say which time it was stored, or with which tags. */
  #staleByAll(book: KeyHistory, read: ReadRecord, origins: readonly Origin[]): Verdict | undefined {
    const verdicts = origins.map((origin) => this.#stale(book, read, origin));
    return verdicts.every((verdict) => verdict !== undefined) ? verdicts.at(-1) : undefined;
  }

  /** A value does not outlive what changed it after the load that made it began, or after it was set. */
  #stale(book: KeyHistory, read: ReadRecord, origin: Origin): Verdict | undefined {
    const since = origin.do === 'load' ? origin.begin : (origin.end ?? Infinity);
    const lists = [
      book.changes,
      this.index.clearsOf(read.namespace),
      ...origin.tags.map((tag) => this.#invalidations(tag, read.grace)),
    ];
    const change = lists
      .map((changes) => this.#visible.between(changes, since, read.begin, read.node))
      .find((found) => found !== undefined);
    if (change === undefined) return undefined;
    const why = `${worded(origin)}; ${worded(change)}${acknowledgement(change, read)}`;
    return { rule: 'stale after a change', why, records: [origin, change] };
  }

  /** Who takes no stale value is not served one whatever the invalidation allows. */
  #invalidations(tag: string, grace: number | null): readonly ChangeRecord[] {
    const all = this.index.invalidationsOf(tag);
    if (grace === 0) return all;
    const plain = this.#plain.get(tag) ?? all.filter((change) => change.do !== 'invalidate' || !change.allowStale);
    this.#plain.set(tag, plain);
    return plain;
  }

  #pastItsEnd(book: KeyHistory, read: ReadRecord, origins: readonly Origin[]): Verdict | undefined {
    const ends = origins.map((origin) => endOf(origin, read));
    const { begin: made } = origins[0]!;
    const grace = Math.max(...origins.map((origin) => least(origin.grace, read.grace)));
    for (const { begin, end, ttl } of book.touches) {
      if (begin < read.begin && (end ?? Infinity) > made) ends.push(sum(end, ttl, grace));
    }
    const latest = Math.max(...ends);
    if (latest + this.allowances.overrun >= read.begin) return undefined;
    return { rule: 'served past its end', why: `it was good until ${shown(latest)}`, records: origins };
  }

  #takenTwice(taken: Map<string, ReadRecord>, read: ReadRecord, version: string): Verdict | undefined {
    if (!read.taken) return undefined;
    const other = taken.get(version);
    taken.set(version, read);
    if (other === undefined || this.index.originsOf(read, version).length > 1) return undefined;
    return { rule: 'taken twice', why: worded(other), records: [other] };
  }
}

function acknowledgement({ node, acknowledged }: ChangeRecord, read: ReadRecord): string {
  return node === read.node || acknowledged === null ? '' : `, which all had to know from ${shown(acknowledged)} on`;
}

/** When the value that was made so is good no longer; `Infinity` where that cannot be told. */
function endOf(origin: Origin, read: ReadRecord): number {
  const stored = origin.do === 'load' ? origin.stored : origin.end;
  return sum(stored, origin.ttl, least(origin.grace, read.grace));
}

/** For ever, if one of them is. */
function sum(...spans: readonly (number | null)[]): number {
  return spans.reduce<number>((total, span) => total + (span ?? Infinity), 0);
}

/** The shortest; for ever, if all are. */
function least(...spans: readonly (number | null)[]): number {
  return Math.min(...spans.map((span) => span ?? Infinity));
}
