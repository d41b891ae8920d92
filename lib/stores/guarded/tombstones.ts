import type { FarStore } from '../store.js';
import type { Awaitable } from '../../support/awaitable.js';

/** Keys or tags that one call to the backend names at most. */
const PORTION = 1_000;

/** A part of what is to be delivered, in one call. */
export interface Portion {
  /** How many evictions it is. */
  readonly count: number;
  send(backend: FarStore): Awaitable<unknown>;
  /** Forgets them. */
  delivered(): void;
}

/** Keys, whole namespaces and tags that are to be evicted; nobody may be served what they cover. */
export class Tombstones {
  /** The keys of each namespace; `undefined` for all there are. */
  readonly #namespaces = new Map<string, Set<string> | undefined>();
  readonly #tags = new Set<string>();
  #keys = 0;

  get empty(): boolean {
    return this.#namespaces.size === 0 && this.#tags.size === 0;
  }

  /** Keys, namespaces and tags together. */
  get count(): number {
    let whole = 0;
    for (const keys of this.#namespaces.values()) if (keys === undefined) whole += 1;
    return this.#keys + whole + this.#tags.size;
  }

  get keys(): number {
    return this.#keys;
  }

  get tags(): number {
    return this.#tags.size;
  }

  buryKeys(namespace: string, keys: Iterable<string>): void {
    if (this.#coversAll(namespace)) return;
    const buried = this.#namespaces.get(namespace) ?? new Set<string>();
    this.#keys -= buried.size;
    for (const key of keys) buried.add(key);
    this.#keys += buried.size;
    if (buried.size > 0) this.#namespaces.set(namespace, buried);
  }

  buryNamespace(namespace: string): void {
    this.#keys -= this.#namespaces.get(namespace)?.size ?? 0;
    this.#namespaces.set(namespace, undefined);
  }

  buryTags(tags: Iterable<string>): void {
    for (const tag of tags) this.#tags.add(tag);
  }

  forgetTags(): void {
    this.#tags.clear();
  }

  /** Puts one tombstone in the place of those of the namespace that has most keys here. */
  collapseLargest(): void {
    let largest: string | undefined;
    let most = 0;
    for (const [namespace, keys] of this.#namespaces) {
      if (keys === undefined || keys.size <= most) continue;
      most = keys.size;
      largest = namespace;
    }
    if (largest !== undefined) this.buryNamespace(largest);
  }

  covers(namespace: string, key: string): boolean {
    return this.#coversAll(namespace) || this.#namespaces.get(namespace)?.has(key) === true;
  }

  coversAny(tags: readonly string[]): boolean {
    return this.#tags.size > 0 && tags.some((tag) => this.#tags.has(tag));
  }

  /** Adds what is in `others`. */
  absorb(others: Tombstones): void {
    this.buryTags(others.#tags);
    for (const [namespace, keys] of others.#namespaces) {
      if (keys === undefined) this.buryNamespace(namespace);
      else this.buryKeys(namespace, keys);
    }
  }

  /** What there is, in calls to the backend. */
  *portions(): Generator<Portion> {
    for (const tags of portionsOf(this.#tags)) yield this.#ofTags(tags);
    for (const [namespace, keys] of this.#namespaces) {
      if (keys === undefined) yield this.#ofNamespace(namespace);
      else for (const some of portionsOf(keys)) yield this.#ofKeys(namespace, keys, some);
    }
  }

  #ofTags(tags: readonly string[]): Portion {
    return {
      count: tags.length,
      send: (backend) => backend.invalidateTags(tags),
      delivered: () => {
        for (const tag of tags) this.#tags.delete(tag);
      },
    };
  }

  #ofNamespace(namespace: string): Portion {
    return {
      count: 1,
      send: (backend) => backend.space(namespace).clear(),
      delivered: () => this.#namespaces.delete(namespace),
    };
  }

  #ofKeys(namespace: string, buried: Set<string>, keys: readonly string[]): Portion {
    return {
      count: keys.length,
      send: (backend) => backend.space(namespace).removeMany(keys),
      delivered: () => {
        for (const key of keys) if (buried.delete(key)) this.#keys -= 1;
        if (buried.size === 0) this.#namespaces.delete(namespace);
      },
    };
  }

  #coversAll(namespace: string): boolean {
    return this.#namespaces.has(namespace) && this.#namespaces.get(namespace) === undefined;
  }
}

function* portionsOf(names: ReadonlySet<string>): Generator<readonly string[]> {
  const all = [...names];
  for (let from = 0; from < all.length; from += PORTION) yield all.slice(from, from + PORTION);
}
