import type { Lease } from '../../stores/store.js';
import { after, type Awaitable } from '../../support/awaitable.js';
import { LoadContext } from './load-context.js';
import { LoadScope } from './load-scope.js';

/** What a loader returns for a key that it was asked for and did not find. */
export const ABSENT = Symbol('absent');

/** A place in the order of what this process does. */
export interface Moment {
  /** Calls and loads before it. */
  readonly order: number;
  /** Changes (writes, deletes, clears, invalidations) before it. */
  readonly changes: number;
}

/** What a load came to. */
export interface Landing {
  readonly value: unknown;
  /** Something happened to the entry during the load that its value cannot know of. */
  readonly fenced: boolean;
  /** The value was not loaded: somebody else had stored it. */
  readonly found?: boolean;
  /** The value is for whoever ran the loader; those who wait need one of their own. */
  readonly personal?: boolean;
  /** Why the value, which is fine for those who wait for it, could not be stored. */
  readonly unstored?: unknown;
  /** The load failed. */
  readonly failure?: { readonly error: unknown };
  /** The value is an old one, which is served for this reason. */
  readonly stale?: StaleReason;
  /** Why something else is served than what was to be loaded, where that is an error. */
  readonly cause?: { readonly error: unknown };
  /** There was nothing to do: whoever needs a value has to ask again. */
  readonly idle?: boolean;
  /** Why the value was not stored, for those who want to know. */
  readonly notStored?: string | undefined;
  /** Somebody else had begun the load. */
  readonly joined?: boolean;
}

/** Why an old value is served. */
export type StaleReason = 'loader slow' | 'load failed' | 'load failed before';

/** One load under way and those who wait for it. */
export class Flight {
  readonly context = new LoadContext(() => (this.#controller ??= this.#newController()).signal);
  readonly scope: LoadScope;
  /** Settles when the load is through, stored or not. */
  readonly landing: Promise<Landing>;
  lease: Lease | undefined;
  #land!: (landing: Promise<Landing>) => void;
  #controller: AbortController | undefined;
  /** Whether it takes longer than it may. */
  overdue = false;
  #waiting = 0;
  #abandoned: { reason: unknown } | undefined;

  constructor(
    /** Whether this is what fills a key of a namespace: a loader below it must not ask for that key. */
    fills: (space: object, key: string) => boolean,
    /** When it began. */
    readonly began: Moment,
    private readonly onAbandoned: (flight: Flight) => void,
  ) {
    this.scope = new LoadScope(this.context, fills);
    this.landing = new Promise((resolve) => (this.#land = resolve));
    this.landing.catch(() => {});
  }

  /** Says what the load comes to. */
  lands(landing: Promise<Landing>): void {
    this.#land(landing);
  }

  /** It goes on although nobody may be waiting for it any more. */
  goOn(): void {
    this.#waiting += 1;
  }

  get abandoned(): boolean {
    return this.#abandoned !== undefined;
  }

  /** Whether a call that starts now may share this load: nothing has happened since that it would miss. */
  joinable(): Awaitable<boolean> {
    return this.lease === undefined ? true : this.lease.holds(this.context.said.tags);
  }

  /** Waits for the load, on behalf of one caller, whose signal ends this wait only. */
  attend(signal: AbortSignal | undefined): Promise<Landing> {
    this.#waiting += 1;
    if (signal === undefined) return this.landing;
    if (signal.aborted) {
      this.#leave(signal.reason);
      return Promise.reject(signal.reason);
    }
    return new Promise<Landing>((resolve, reject) => {
      const leave = (): void => {
        this.#leave(signal.reason);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.landing.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** Ends the lease without storing and says whether it held to the end. */
  letGo(): Awaitable<boolean> {
    const { lease } = this;
    if (lease === undefined) return true;
    return after(lease.holds(this.context.said.tags), (held) => after(lease.release(), () => held));
  }

  #leave(reason: unknown): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.#abandoned = { reason };
    this.#controller?.abort(reason);
    this.onAbandoned(this);
  }

  #newController(): AbortController {
    const controller = new AbortController();
    if (this.#abandoned !== undefined) controller.abort(this.#abandoned.reason);
    return controller;
  }
}
