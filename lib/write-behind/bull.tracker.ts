import type { PendingWrite, WriteObserver } from './write-queue.js';

type Tracked = Pick<PendingWrite, 'namespace' | 'located' | 'id'>;

/** Most ids that are asked about at once. */
const PAGE = 500;

/**
 * Knows which writes were accepted here and have not reached the source, and tells the observer when they have. What
 * it hears of a key is a hint: that the write is gone, it learns from Redis.
 */
export class WriteTracker {
  readonly #byKey = new Map<string, Map<string, Tracked>>();
  /** Keys whose writes are being accepted, and whether something was heard of them meanwhile. */
  readonly #arriving = new Map<string, { count: number; heard: boolean }>();
  readonly #waiters = new Set<{ readonly ids: Set<string>; readonly resolve: () => void }>();
  #suspects = new Set<string>();
  #checking = false;

  constructor(
    private readonly observer: WriteObserver,
    /** Which of some ids do not wait any more. */
    private readonly gone: (ids: readonly string[]) => Promise<readonly string[]>,
  ) {}

  /** Before a write of the key is given to Redis; until the function that it returns is called. */
  arriving(key: string): (accepted: PendingWrite | undefined) => void {
    const arriving = this.#arriving.get(key) ?? { count: 0, heard: false };
    arriving.count += 1;
    this.#arriving.set(key, arriving);
    return (accepted) => {
      arriving.count -= 1;
      if (arriving.count === 0) this.#arriving.delete(key);
      if (accepted === undefined) return;
      this.track(key, accepted);
      if (arriving.heard) this.hint(key);
    };
  }

  track(key: string, { id, namespace, located }: Tracked): void {
    const writes = this.#byKey.get(key) ?? new Map<string, Tracked>();
    writes.set(id, { id, namespace, located });
    this.#byKey.set(key, writes);
  }

  /** Something has happened to writes of the key. */
  hint(key: string): void {
    const arriving = this.#arriving.get(key);
    if (arriving !== undefined) arriving.heard = true;
    if (this.#byKey.has(key)) this.#suspect([key]);
  }

  /** Something may have happened to any of them. */
  hintAll(): void {
    this.#suspect(this.#byKey.keys());
  }

  /** Writes that this process itself has dealt with. */
  settled(key: string, ids: readonly string[]): void {
    const arriving = this.#arriving.get(key);
    if (arriving !== undefined) arriving.heard = true;
    for (const id of ids) this.#forget(key, id);
  }

  /** Resolves when none of those that are tracked now waits any more. */
  async empty(): Promise<void> {
    const ids = new Set<string>();
    for (const writes of this.#byKey.values()) for (const id of writes.keys()) ids.add(id);
    if (ids.size === 0) return;
    await new Promise<void>((resolve) => this.#waiters.add({ ids, resolve }));
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#suspects.clear();
    for (const { resolve } of this.#waiters) resolve();
    this.#waiters.clear();
  }

  #suspect(keys: Iterable<string>): void {
    for (const key of keys) this.#suspects.add(key);
    if (this.#suspects.size === 0) return;
    if (!this.#checking) void this.#check();
  }

  async #check(): Promise<void> {
    this.#checking = true;
    while (this.#suspects.size > 0) {
      const keys = [...this.#suspects];
      this.#suspects = new Set();
      const found = keys.flatMap((key) => [...(this.#byKey.get(key)?.keys() ?? [])].map((id) => ({ key, id })));
      for (let at = 0; at < found.length; at += PAGE) await this.#checkPage(found.slice(at, at + PAGE));
    }
    this.#checking = false;
  }

  async #checkPage(page: readonly { key: string; id: string }[]): Promise<void> {
    try {
      const gone = new Set(await this.gone(page.map(({ id }) => id)));
      for (const { key, id } of page) if (gone.has(id)) this.#forget(key, id);
    } catch {
      // Redis is away: all are looked at again when it is back.
    }
  }

  #forget(key: string, id: string): void {
    const writes = this.#byKey.get(key);
    const tracked = writes?.get(id);
    if (writes === undefined || tracked === undefined) return;
    writes.delete(id);
    if (writes.size === 0) this.#byKey.delete(key);
    this.observer.settled(tracked);
    for (const waiter of this.#waiters) {
      waiter.ids.delete(id);
      if (waiter.ids.size > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
