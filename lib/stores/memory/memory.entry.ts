import type { Entry } from '../store.js';
import type { Departing } from './departures.js';
import type { Linked } from './linked-list.js';
import type { Tagged, TagStamp } from './tag-stamps.js';

/** An entry held in memory, with its places in the eviction order, the expiry index and the tags. */
export class MemoryEntry implements Entry, Linked<MemoryEntry>, Tagged<MemoryEntry> {
  value: unknown;
  tags: readonly string[] = [];
  createdAt = 0;
  expiresAt = 0;
  staleUntil = 0;
  /** Milliseconds between the two. */
  grace = 0;

  bytes = 0;
  stamps: readonly TagStamp<MemoryEntry>[] | undefined;
  taggedAt = 0;
  /** False once it has been dropped from its namespace. */
  held = true;
  /** Uses counted by the LFU policy. */
  frequency = 0;
  /** Place in the LFU policy's order: the higher, the later it is evicted. */
  priority = 0;
  prev: MemoryEntry | undefined;
  next: MemoryEntry | undefined;

  constructor(
    readonly key: string,
    readonly namespace: string,
    /** The map that holds it: after a clear, no longer the one its namespace reads. */
    readonly home: Map<string, MemoryEntry>,
    /** Its namespace, which must not be collected while there are entries in it. */
    readonly owner: Departing,
  ) {}

  /** Whether one of its tags was invalidated since it was stored, be it that it may be served stale. */
  get outdated(): boolean {
    const stamps = this.stamps;
    if (stamps === undefined) return false;
    for (let i = 0; i < stamps.length; i += 1) {
      const stamp = stamps[i]!;
      if (stamp.dead || stamp.softenedAt > this.taggedAt) return true;
    }
    return false;
  }

  /** The tag whose invalidation made it void, if one did. */
  get voidedBy(): string | undefined {
    return this.stamps?.find((stamp) => stamp.dead)?.tag;
  }

  /** The tag whose invalidation made it stale, if one did. */
  get invalidatedBy(): string | undefined {
    return this.stamps?.find(({ softenedAt }) => softenedAt > this.taggedAt)?.tag;
  }
}
