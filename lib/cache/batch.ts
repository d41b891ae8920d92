import { CacheTypeError } from '../errors/cache.errors.js';
import { nameOf } from './arguments.js';
import { ABSENT } from './loading/flight.js';
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
 * Gathers the keys that the loads of one call turn out to need, and asks for them together: those known when
 * `start` is called at once, and those whose leases a distant store grants later once per turn of the loop.
 */
export class KeyBatch<T> {
  #gathering: Gathering<T> | undefined;
  #started = false;

  constructor(
    private readonly loadMissing: BatchLoader<T>,
    private readonly space: SingleFlight,
  ) {}

  /** The value of one key, or `ABSENT`. */
  async load(key: string, located: string): Promise<T | typeof ABSENT> {
    const gathering = (this.#gathering ??= this.#gather());
    gathering.keys.push(key);
    gathering.located.add(located);
    LoadScope.current()?.waitFor(gathering.scope);
    const found = await gathering.answer;
    return found.has(key) ? (found.get(key) as T) : ABSENT;
  }

  /** Asks for the keys gathered so far. */
  start(): void {
    this.#started = true;
    this.#gathering?.ask();
  }

  #gather(): Gathering<T> {
    const keys: string[] = [];
    const located = new Set<string>();
    const scope = new LoadScope(detachedContext(), (space, key) => space === this.space.origin && located.has(key));
    let ask!: () => void;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const answer = asked
      .then(() => {
        this.#gathering = undefined;
        return this.space.traced([...located], 'getOrSetMany', async () => {
          return asMap<T>(await scope.run(() => this.loadMissing(keys)));
        });
      })
      .finally(() => scope.end());
    if (this.#started) setImmediate(ask);
    return { keys, located, scope, ask, answer };
  }
}

interface Gathering<T> {
  readonly keys: string[];
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
