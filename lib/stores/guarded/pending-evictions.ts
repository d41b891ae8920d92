import type { Entry } from '../store.js';
import { Tombstones } from './tombstones.js';

/**
 * Evictions that the backend has not confirmed. Those on their way are kept apart: what is added meanwhile may
 * concern something that takes effect after they arrived, and has to be delivered itself.
 */
export class PendingEvictions {
  /** How often some of them have arrived. What was asked for before, and is answered after that, may not know of them. */
  arrivals = 0;
  #waiting = new Tombstones();
  #sent: Tombstones | undefined;

  constructor(
    /** Keys, and tags, at most. */
    private readonly max: number,
    /** Called when there were too many tags to remember. */
    private readonly onTooManyTags: () => void,
  ) {}

  get empty(): boolean {
    return this.#waiting.empty && this.#sent === undefined;
  }

  get count(): number {
    return this.#waiting.count + (this.#sent?.count ?? 0);
  }

  /** Whether nothing may be served under this key. */
  hides(namespace: string, key: string): boolean {
    return this.#waiting.covers(namespace, key) || this.#sent?.covers(namespace, key) === true;
  }

  /** Whether this entry may not be served. */
  hidesEntry(namespace: string, key: string, { tags }: Entry): boolean {
    return this.hides(namespace, key) || this.#waiting.coversAny(tags) || this.#sent?.coversAny(tags) === true;
  }

  /** Remembers keys; with too many of them in all, those of the fullest namespace become a clear of it. */
  buryKeys(namespace: string, keys: Iterable<string>): void {
    this.#waiting.buryKeys(namespace, keys);
    this.#keepBounds();
  }

  buryNamespace(namespace: string): void {
    this.#waiting.buryNamespace(namespace);
  }

  buryTags(tags: Iterable<string>): void {
    this.#waiting.buryTags(tags);
    this.#keepBounds();
  }

  /** Everything there is, on its way from now on. */
  send(): Tombstones {
    const sent = this.#waiting;
    this.#waiting = new Tombstones();
    this.#sent = sent;
    return sent;
  }

  /** What was on its way has arrived, or waits again as far as it has not. */
  settle(): void {
    const left = this.#sent;
    this.#sent = undefined;
    if (left === undefined || left.empty) return;
    this.#waiting.absorb(left);
    this.#keepBounds();
  }

  #keepBounds(): void {
    while (this.#waiting.keys > this.max) this.#waiting.collapseLargest();
    if (this.#waiting.tags <= this.max) return;
    this.#waiting.forgetTags();
    this.onTooManyTags();
  }
}
