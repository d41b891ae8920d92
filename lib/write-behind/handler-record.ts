import 'reflect-metadata';
import { assertOptions } from '../cache/arguments.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { timeout, type DurationText } from '../support/duration.js';
import type { Merge, QueueSettings } from './write-queue.js';
import type { WriteBehindItem } from './write-behind.js';

/** How a write-behind queue is worked off. `this` in its functions is the instance that has the handler. */
export interface WriteBehindHandlerOptions<T = any> {
  /** The cache whose queue it is. Default: the default cache. */
  readonly cache?: string | undefined;
  /** Most writes in one call of the handler. Default: 100. */
  readonly batchSize?: number | undefined;
  /** How long a write waits for others to share a call with. Default: `'1s'`. */
  readonly delay?: DurationText | undefined;
  /**
   * What becomes of two writes of one key that wait together: what this returns, or with `false` both, in order. What has been
   * handed to the handler is never merged into again. Default: the newer one.
   */
  readonly merge?: ((older: T, newer: T) => T) | false | undefined;
  /** Calls after which a write that fails is given up; only with `onDeadLetter`. Default: 12. */
  readonly attempts?: number | undefined;
  /** How long after a call that failed the next one comes; doubled for each further one, up to a minute. Default: `'200ms'`. */
  readonly backoff?: DurationText | undefined;
  /**
   * Is handed what has been given up. If it fails itself, that is tried again. Default: none, and nothing is ever
   * given up.
   */
  readonly onDeadLetter?: ((items: readonly WriteBehindItem<T>[], error: unknown) => unknown) | undefined;
  /** Writes that may wait; beyond, `writeBehind` waits for room. Default: 10,000. */
  readonly maxPending?: number | undefined;
  /** How long it waits for room before it rejects. Default: `'10s'`. */
  readonly maxWait?: DurationText | undefined;
}

/** A method that handles a queue, as its decorator describes it. */
export interface HandlerRecord {
  readonly queue: string;
  readonly method: string | symbol;
  readonly cache: string | undefined;
  readonly settings: QueueSettings;
  readonly onDeadLetter: WriteBehindHandlerOptions['onDeadLetter'];
}

const RECORDS = Symbol.for('nestjs-blossom-cache:write-behind');
const OPTIONS = [
  'cache', 'batchSize', 'delay', 'merge', 'attempts', 'backoff', 'onDeadLetter', 'maxPending', 'maxWait',
] as const; // prettier-ignore
const WHERE = '@WriteBehindHandler';

export function defineHandler(prototype: object, record: HandlerRecord): void {
  const own: HandlerRecord[] = Reflect.getOwnMetadata(RECORDS, prototype) ?? [];
  Reflect.defineMetadata(RECORDS, [...own, record], prototype);
}

/** The handlers of a class, those of its ancestors included unless it overrides their methods. */
export function handlersOf(prototype: object): readonly HandlerRecord[] {
  const found: HandlerRecord[] = [];
  const seen = new Set<PropertyKey>();
  for (let type = prototype; type !== null && type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    const own: HandlerRecord[] = Reflect.getOwnMetadata(RECORDS, type) ?? [];
    found.push(...own.filter(({ method }) => !seen.has(method)));
    for (const name of Reflect.ownKeys(type)) seen.add(name);
  }
  return found;
}

/**
 * Puts in the defaults and checks everything.
 * @throws {CacheOptionsError}
 */
export function readHandler(
  queue: unknown,
  method: string | symbol,
  options: WriteBehindHandlerOptions,
): HandlerRecord {
  if (typeof queue !== 'string' || queue === '' || !queue.isWellFormed()) {
    throw new CacheOptionsError(`${WHERE}: the name of the queue must be a string that is not empty`);
  }
  assertOptions(options, OPTIONS, WHERE);
  const { cache, merge, onDeadLetter, batchSize = 100, maxPending = 10_000, attempts = 12 } = options;
  const { delay = '1s', backoff = '200ms', maxWait = '10s' } = options;
  if (cache !== undefined && (typeof cache !== 'string' || cache === '')) throw wrong('cache', 'a string');
  if (merge !== undefined && merge !== false && typeof merge !== 'function')
    throw wrong('merge', 'a function or false');
  if (onDeadLetter !== undefined && typeof onDeadLetter !== 'function') throw wrong('onDeadLetter', 'a function');
  if (options.attempts !== undefined && onDeadLetter === undefined) {
    throw wrong('attempts', 'given together with onDeadLetter, which takes what is given up');
  }
  const settings = Object.freeze({
    batchSize: count(batchSize, 'batchSize'),
    delay: timeout(delay, `${WHERE}: delay`, 0),
    attempts: onDeadLetter === undefined ? Infinity : count(attempts, 'attempts'),
    backoff: timeout(backoff, `${WHERE}: backoff`, 1),
    merge: merge === false ? undefined : ((merge ?? newest) as Merge),
    maxPending: count(maxPending, 'maxPending'),
    maxWait: timeout(maxWait, `${WHERE}: maxWait`, 0),
  });
  return { queue, method, cache, settings, onDeadLetter };
}

function newest(_older: unknown, newer: unknown): unknown {
  return newer;
}

function count(value: unknown, option: string): number {
  if (Number.isInteger(value) && (value as number) > 0) return value as number;
  throw wrong(option, 'a whole number greater than 0');
}

function wrong(option: string, expected: string): CacheOptionsError {
  return new CacheOptionsError(`${WHERE}: ${option} must be ${expected}`);
}
