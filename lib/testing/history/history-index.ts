import type {
  ChangeRecord,
  CountRecord,
  History,
  HistoryRecord,
  LoadRecord,
  ReadRecord,
  TouchRecord,
  TroubleRecord,
  WriteRecord,
} from './history.js';

/** What made a value. */
export type Origin = LoadRecord | WriteRecord;

/** What happened to one key. */
export interface KeyHistory {
  readonly loads: readonly LoadRecord[];
  readonly reads: readonly ReadRecord[];
  readonly touches: readonly TouchRecord[];
  readonly counts: readonly CountRecord[];
  /** Writes, removals and clears. */
  readonly changes: readonly ChangeRecord[];
  /** All that any of its values had. */
  readonly tags: ReadonlySet<string>;
}

class KeyBook implements KeyHistory {
  readonly loads: LoadRecord[] = [];
  readonly reads: ReadRecord[] = [];
  readonly touches: TouchRecord[] = [];
  readonly counts: CountRecord[] = [];
  readonly changes: ChangeRecord[] = [];
  readonly tags = new Set<string>();
}

/** A history by what is asked of it: by key, by version, by tag; each in the order of beginnings. */
export class HistoryIndex {
  readonly #keys = new Map<string, KeyBook>();
  readonly #origins = new Map<string, Origin[]>();
  readonly #invalidations = new Map<string, ChangeRecord[]>();
  readonly #clears = new Map<string, ChangeRecord[]>();
  readonly troubles: readonly TroubleRecord[];

  constructor(history: History) {
    const records = history.toSorted((a, b) => a.begin - b.begin);
    this.troubles = records.filter((record) => record.do === 'trouble');
    for (const record of records) this.#enter(record);
  }

  get keys(): Iterable<KeyHistory> {
    return this.#keys.values();
  }

  /** What made this version of a key; more than one where it was found to be right still. */
  originsOf({ namespace, key }: ReadRecord, version: string): readonly Origin[] {
    return (this.#origins.get(version) ?? []).filter((of) => of.namespace === namespace && of.key === key);
  }

  of({ namespace, key }: { readonly namespace: string; readonly key: string }): KeyHistory {
    return this.#book(namespace, key);
  }

  invalidationsOf(tag: string): readonly ChangeRecord[] {
    return this.#invalidations.get(tag) ?? NONE;
  }

  clearsOf(namespace: string): readonly ChangeRecord[] {
    return this.#clears.get(namespace) ?? NONE;
  }

  #enter(record: HistoryRecord): void {
    if (record.do === 'invalidate') for (const tag of record.tags) listIn(this.#invalidations, tag).push(record);
    else if (record.do === 'clear') listIn(this.#clears, record.namespace).push(record);
    else if (record.do !== 'trouble') this.#enterUnder(this.#book(record.namespace, record.key), record);
  }

  #enterUnder(book: KeyBook, record: Extract<HistoryRecord, { key: string }>): void {
    if (record.do === 'load') book.loads.push(record);
    else if (record.do === 'read') book.reads.push(record);
    else if (record.do === 'touch') book.touches.push(record);
    else if (record.do === 'count') book.counts.push(record);
    else book.changes.push(record);
    if (record.do !== 'load' && record.do !== 'write') return;
    for (const tag of record.do === 'load' ? record.watched : record.tags) book.tags.add(tag);
    if (record.version !== null) listIn(this.#origins, record.version).push(record);
  }

  #book(namespace: string, key: string): KeyBook {
    const id = JSON.stringify([namespace, key]);
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const book = new KeyBook();
    this.#keys.set(id, book);
    return book;
  }
}

const NONE: readonly never[] = [];

function listIn<T>(lists: Map<string, T[]>, name: string): T[] {
  const known = lists.get(name);
  if (known !== undefined) return known;
  const list: T[] = [];
  lists.set(name, list);
  return list;
}
