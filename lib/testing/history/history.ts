/**
 * What several nodes asked of one cache, and what they were answered, as plain data: it can be written as JSON, sent by
 * other processes, and put together. Instants are milliseconds by one clock that all nodes share, such as the monotonic
 * one of the machine; of two records of one process no two instants are the same.
 */
export type History = readonly HistoryRecord[];

export type HistoryRecord =
  | LoadRecord
  | ReadRecord
  | WriteRecord
  | RemovalRecord
  | InvalidationRecord
  | ClearRecord
  | TouchRecord
  | CountRecord
  | TroubleRecord;

interface Recorded {
  /** Who did it. */
  readonly node: string;
  /** When it was asked for. */
  readonly begin: number;
  /** When it was through; `null` if it has not been, or its caller never heard. */
  readonly end: number | null;
}

interface OfEntry extends Recorded {
  readonly namespace: string;
  readonly key: string;
}

/** What makes an entry void, or may have. */
interface Change extends Recorded {
  /** From when on all nodes have to know of it; `null` if nobody can tell. Its own node knows from `end` on. */
  readonly acknowledged: number | null;
  /** Whether its caller was told that it failed: then it may have been done or not. */
  readonly failed: boolean;
}

/** How long a value is good for, and what voids it. Milliseconds; `null` for ever, and where nobody said. */
interface Lifetime {
  readonly ttl: number | null;
  readonly grace: number | null;
  readonly tags: readonly string[];
}

/** A loader ran. */
export interface LoadRecord extends OfEntry, Lifetime {
  readonly do: 'load';
  /** When the call began that came to it: the right to load may be as old. */
  readonly asked: number;
  /** All tags whose invalidation would have ended its right to be stored; those of its value are among them. */
  readonly watched: readonly string[];
  /** Of what it came to; `null` if it failed. */
  readonly version: string | null;
  /** By when its value had been stored, if ever; `null` if nobody can tell. */
  readonly stored: number | null;
  /** Whether others could have joined it until its end: it was neither forced nor could it be given up before. */
  readonly joinable: boolean;
}

/** Somebody was answered. */
export interface ReadRecord extends OfEntry {
  readonly do: 'read';
  /** `null`: there was none. */
  readonly version: string | null;
  /** Milliseconds beyond its ttl for which the caller takes a value; `null` for ever, and where nobody said. */
  readonly grace: number | null;
  /** Whether it was removed by being read. */
  readonly taken: boolean;
}

/** What makes entries void, or may have. */
export type ChangeRecord = WriteRecord | RemovalRecord | InvalidationRecord | ClearRecord;

/** A value was stored by hand. */
export interface WriteRecord extends OfEntry, Change, Lifetime {
  readonly do: 'write';
  readonly version: string;
}

/** An entry was deleted, or read and deleted. */
export interface RemovalRecord extends OfEntry, Change {
  readonly do: 'remove';
}

export interface InvalidationRecord extends Change {
  readonly do: 'invalidate';
  readonly tags: readonly string[];
  readonly allowStale: boolean;
}

export interface ClearRecord extends Change {
  readonly do: 'clear';
  readonly namespace: string;
}

/** An entry was given a new ttl, if it was there. */
export interface TouchRecord extends OfEntry {
  readonly do: 'touch';
  readonly ttl: number | null;
}

/** A number was added to. */
export interface CountRecord extends OfEntry {
  readonly do: 'count';
  readonly by: number;
  readonly ttl: number | null;
  /** What it came to; `null` where its caller was told that it failed: then it may have been done. */
  readonly result: number | null;
  /** From when on nothing that came of its failure happens any more; `null` if nobody can tell. */
  readonly acknowledged: number | null;
}

/** A node, or all of them, could not do as usual: its backend or its connection failed, or its backend lost everything. */
export interface TroubleRecord extends Recorded {
  readonly do: 'trouble';
  /** For people. */
  readonly what: string;
  /** Whether everything that was stored may have been lost. */
  readonly loses: boolean;
}
