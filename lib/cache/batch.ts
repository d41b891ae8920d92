import { CacheTypeError } from '../errors/cache.errors.js';
import { nameOf } from './arguments.js';
import { ABSENT } from './flight.js';
import { detachedContext, LoadScope } from './load-scope.js';

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
  readonly #located = new Set<string>();
  readonly #scope: LoadScope;

  constructor(
    private readonly loadMissing: BatchLoader<T>,
    space: object,
  ) {
    this.#scope = new LoadScope(detachedContext(), (other, key) => other === space && this.#located.has(key));
  }

  /** The value of one key, or `ABSENT`. */
  async load(key: string, located: string): Promise<T | typeof ABSENT> {
    LoadScope.current()?.waitFor(this.#scope);
    this.#located.add(located);
    const gathering = (this.#gathering ??= this.#gather());
    gathering.keys.push(key);
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
    let ask!: () => void;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const answer = asked.then(() => {
      this.#gathering = undefined;
      return this.#scope.run(() => this.loadMissing(keys));
    });
    if (this.#started) setImmediate(ask);
    return { keys, ask, answer: answer.then((found) => asMap<T>(found)) };
  }
}

interface Gathering<T> {
  readonly keys: string[];
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
