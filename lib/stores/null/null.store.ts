import type { Absence, Draft, Entry, Lease, Store, StoreSize, StoreSpace } from '../store.js';

/** Stores nothing: what a cache with `enabled: false` or `off:` runs on. */
export class NullStore implements Store {
  readonly shared = false;
  readonly reclaims = true;
  readonly #space = new NullSpace();

  space(): StoreSpace {
    return this.#space;
  }

  invalidateTags(): void {}

  measure(): StoreSize {
    return { size: 0, bytes: 0 };
  }

  close(): void {}
}

class NullSpace implements StoreSpace {
  read(): undefined {}

  readMany(): Map<string, Entry> {
    return new Map();
  }

  absence(): Absence {
    return { reason: 'absent' };
  }

  write(): void {}

  writeMany(): void {}

  add(): boolean {
    return true;
  }

  swap(): undefined {}

  remove(): boolean {
    return false;
  }

  removeMany(): readonly string[] {
    return [];
  }

  take(): undefined {}

  increment(_key: string, by: number): number {
    return by;
  }

  touch(): boolean {
    return false;
  }

  lease(): Lease {
    return { holds: () => true, commit: (_draft: Draft) => true, yield: () => {}, release: () => {} };
  }

  clear(): void {}
}
