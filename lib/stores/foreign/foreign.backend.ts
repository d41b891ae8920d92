/**
 * Somebody else's store, as far as all of them are alike: texts under names, one at a time. Its promises may never
 * settle, and what it is asked may take effect at any later time.
 */
export interface ForeignBackend {
  /** Whether it is known to live in this process, so that nobody else changes what it holds. */
  readonly local: boolean;
  /** What is there; `undefined` or `null` where nothing is. Anything but a text was not stored by `set`. */
  get(name: string): Promise<unknown>;
  /** @param ttl whole milliseconds after which the store forgets it by itself; `Infinity`: never */
  set(name: string, text: string, ttl: number): Promise<void>;
  delete(name: string): Promise<void>;
  /** Calls `report` with every failure that the store announces instead of rejecting; returns what ends that. */
  listen(report: (error: unknown) => void): () => void;
}

/** Which library a store belongs to. */
export type ForeignKind = 'keyv' | 'cache-manager';
