import type { EvictionPolicyName } from '../../../lib/stores/memory/eviction.policy.js';
import type { Draft } from '../../../lib/stores/store.js';

interface Item {
  readonly namespace: string;
  readonly key: string;
  readonly draft: Draft;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  frequency: number;
  priority: number;
  /** Number of the operation that last placed it in the order. */
  placed: number;
}

export interface NaiveOptions {
  readonly evictionPolicy: EvictionPolicyName;
  readonly maxSize: number;
  readonly maxBytes: number;
  readonly sizeOf: (value: unknown) => number;
}

/** The most uses that LFU-DA counts. */
const CAP = 32;

/** What a memory store does, as one array that is searched: nothing linked, nothing indexed, no background. */
export class NaiveMemory {
  items: Item[] = [];
  now: number;
  log: string[] = [];
  #age = 0;
  #placed = 0;

  constructor(
    private readonly options: NaiveOptions,
    now: number,
  ) {
    this.now = now;
  }

  get size(): number {
    return this.items.length;
  }

  get bytes(): number {
    return this.items.reduce((sum, item) => sum + item.bytes, 0);
  }

  advance(ms: number): void {
    this.now += ms;
    this.items = this.items.filter((item) => {
      if (this.now < item.staleUntil) return true;
      this.log.push(`expire ${item.namespace}/${item.key} ttl`);
      return false;
    });
  }

  write(namespace: string, key: string, draft: Draft): void {
    const old = this.#find(namespace, key);
    if (draft.ttl <= 0) return this.#drop(old);
    const bytes = this.options.sizeOf(draft.value);
    this.#drop(old);
    if (bytes > this.options.maxBytes) return void this.log.push(`refuse ${namespace}/${key} bytes`);
    this.#evictFor(bytes);
    const expiresAt = this.now + draft.ttl;
    const staleUntil = expiresAt + draft.grace;
    const frequency = Math.min((old?.frequency ?? 0) + 1, CAP);
    this.#place({ namespace, key, draft, bytes, expiresAt, staleUntil, frequency, priority: 0, placed: 0 });
    this.log.push(`set ${namespace}/${key}`);
  }

  read(namespace: string, key: string): unknown {
    const item = this.#find(namespace, key);
    if (item !== undefined) this.#use(item);
    return item?.draft.value;
  }

  remove(namespace: string, key: string): boolean {
    const item = this.#find(namespace, key);
    this.#drop(item);
    return item !== undefined && this.now < item.expiresAt;
  }

  invalidate(tag: string): void {
    this.items = this.items.filter((item) => !item.draft.tags.includes(tag));
  }

  clear(namespace: string): void {
    this.items = this.items.filter((item) => item.namespace !== namespace);
  }

  #evictFor(bytes: number): void {
    for (;;) {
      const tooMany = this.size + 1 > this.options.maxSize;
      if (!tooMany && this.bytes + bytes <= this.options.maxBytes) return;
      const victim = this.#victim();
      if (victim === undefined) return;
      this.#age = victim.priority;
      this.#drop(victim);
      this.log.push(`evict ${victim.namespace}/${victim.key} ${tooMany ? 'size' : 'bytes'}`);
    }
  }

  #victim(): Item | undefined {
    const lfu = this.options.evictionPolicy === 'lfu';
    return this.items.toSorted((a, b) => (lfu ? a.priority - b.priority : 0) || a.placed - b.placed)[0];
  }

  #use(item: Item): void {
    if (this.options.evictionPolicy === 'fifo') return;
    item.frequency = Math.min(item.frequency + 1, CAP);
    this.#drop(item);
    this.#place(item);
  }

  #place(item: Item): void {
    item.priority = this.#age + item.frequency;
    item.placed = this.#placed += 1;
    this.items.push(item);
  }

  #find(namespace: string, key: string): Item | undefined {
    return this.items.find((item) => item.namespace === namespace && item.key === key);
  }

  #drop(item: Item | undefined): void {
    this.items = this.items.filter((other) => other !== item);
  }
}
