import { CacheTypeError } from '../errors/cache.errors.js';
import { nameOf } from './arguments.js';
import { ABSENT } from './loading/flight.js';
import type { LoadBatch } from './loading/load-request.js';
import { detachedContext, LoadScope } from './loading/load-scope.js';
import type { SingleFlight } from './loading/single-flight.js';

/** Loads many keys at once; what it found is in the answer, what it leaves out is not there. */
export type BatchLoader<T> = (
  missing: readonly string[],
) =>
  | ReadonlyMap<string, T>
  | Readonly<Record<string, T>>
  | PromiseLike<ReadonlyMap<string, T> | Readonly<Record<string, T>>>;

/**
 * Gathers the keys that the loads of one call turn out to need, and asks for them together, as soon as each key of the call is
 * either needed, or found, or being loaded by somebody else. Those whose leases are granted later are asked for once per turn
 * of the loop.
 */
export class KeyBatch<T> implements LoadBatch {
  /** Where the keys are of which nobody knows yet whether they are needed. */
  readonly #undecided = new Set<string>();
  #gathering: Gathering<T> | undefined;
  #started = false;

  constructor(
    /** Keys that may be needed, in the order in which they are asked for. */
    private readonly wanted: readonly string[],
    private readonly loadMissing: BatchLoader<T>,
    private readonly space: SingleFlight,
  ) {}

  expect(located: string): void {
    this.#undecided.add(located);
  }

  without(located: string): void {
    if (this.#undecided.delete(located)) this.#askIfComplete();
  }

  /** The value of one key, or `ABSENT`. */
  async load(key: string, located: string): Promise<T | typeof ABSENT> {
    const gathering = (this.#gathering ??= this.#gather());
    gathering.keys.add(key);
    gathering.located.add(located);
    this.without(located);
    LoadScope.current()?.waitFor(gathering.scope);
    const found = await gathering.answer;
    return found.has(key) ? (found.get(key) as T) : ABSENT;
  }

  /** All keys that may be needed are expected now. */
  start(): void {
    this.#started = true;
    this.#askIfComplete();
  }

  #askIfComplete(): void {
    if (this.#started && this.#undecided.size === 0) this.#gathering?.ask();
  }

  #gather(): Gathering<T> {
    const keys = new Set<string>();
    const located = new Set<string>();
    const scope = new LoadScope(detachedContext(), (space, key) => space === this.space.origin && located.has(key));
    let ask!: () => void;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const answer = asked
      .then(() => {
        this.#gathering = undefined;
        const missing = this.wanted.filter((key) => keys.has(key));
        return this.space.traced([...located], 'getOrSetMany', async () => {
          return asMap<T>(await scope.run(() => this.loadMissing(missing)));
        });
      })
      .finally(() => scope.end());
    if (this.#started && this.#undecided.size === 0) setImmediate(ask);
    return { keys, located, scope, ask, answer };
  }
}

interface Gathering<T> {
  readonly keys: Set<string>;
  readonly located: Set<string>;
  readonly scope: LoadScope;
  readonly ask: () => void;
  readonly answer: Promise<ReadonlyMap<string, T>>;
}

function asMap<T>(answer: unknown): ReadonlyMap<string, T> {
  if (answer instanceof Map) return answer as ReadonlyMap<string, T>;
  const prototype = typeof answer === 'object' && answer !== null ? Object.getPrototypeOf(answer) : undefined;
  if (prototype === Object.prototype || prototype === null) return new Map(Object.entries(answer as Record<string, T>));
  throw new CacheTypeError(
    `the loader of getOrSetMany must return a Map or a plain object by key; got ${nameOf(answer)}`,
    {
      operation: 'getOrSetMany',
    },
  );
}
