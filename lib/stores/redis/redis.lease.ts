import type { Draft, Lease } from '../store.js';
import type { BelievedStamps } from './believed-stamps.js';

/** What a lease needs of those who granted it. */
export interface LeaseHome {
  holds(lease: RedisLease, lateTags: readonly string[]): Promise<boolean>;
  commit(lease: RedisLease, draft: Draft): Promise<boolean>;
  yield(lease: RedisLease): Promise<void>;
  release(lease: RedisLease): Promise<void>;
}

/** A lease on one key, in the place of its entry or beside it. */
export class RedisLease implements Lease {
  #ended = false;
  #asked: { readonly about: string; readonly answer: Promise<boolean> } | undefined;

  constructor(
    readonly key: string,
    /** Of the key on the server. */
    readonly name: string,
    readonly token: Buffer,
    /** As they were before the load. */
    readonly stamps: BelievedStamps,
    /** The newest invalidation before the load. */
    readonly logHead: Buffer,
    private readonly home: LeaseHome,
  ) {}

  /** Those who ask at the same moment get one answer. */
  async holds(lateTags: readonly string[] = []): Promise<boolean> {
    if (this.#ended) return false;
    const about = lateTags.join('\0');
    if (this.#asked?.about === about) return this.#asked.answer;
    const asked = { about, answer: this.home.holds(this, lateTags) };
    this.#asked = asked;
    queueMicrotask(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
    return (await asked.answer) && !this.#ended;
  }

  async commit(draft: Draft): Promise<boolean> {
    if (this.#ended) return false;
    this.#ended = true;
    return this.home.commit(this, draft);
  }

  async yield(): Promise<void> {
    if (!this.#ended) await this.home.yield(this);
  }

  async release(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.home.release(this);
  }
}
