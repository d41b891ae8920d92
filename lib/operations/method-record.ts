import 'reflect-metadata';
import type { CacheConfigOptions, Operation, TagRule } from './operation.js';

type Callable = (...args: unknown[]) => unknown;

/** What a method answers with; unknown until its declaration or its first call tells. */
export type Returns = 'promise' | 'observable' | 'unknown';

/** All that the decorators of one method say, as data. It knows nothing of caches. */
export interface MethodRecord {
  readonly name: string | symbol;
  readonly operations: Operation[];
  readonly tags: TagRule[];
  returns: Returns;
  /** Where an instance carries the binding to its cache; undefined until something has to be cached. */
  slot: symbol | undefined;
}

const RECORD = Symbol.for('nestjs-blossom-cache:method');
const CONFIG = Symbol.for('nestjs-blossom-cache:class');

/** What the decorators say of a function, if anything. */
export function recordOf(method: unknown): MethodRecord | undefined {
  return typeof method === 'function' ? Reflect.getOwnMetadata(RECORD, method) : undefined;
}

/** The record of a method that is being decorated, new for the first decorator. */
export function recordFor(method: Callable, name: string | symbol, returns: Returns): MethodRecord {
  const known = recordOf(method);
  if (known !== undefined) return known;
  const record: MethodRecord = { name, operations: [], tags: [], returns, slot: undefined };
  Reflect.defineMetadata(RECORD, record, method);
  return record;
}

/** The decorated methods that instances of a class answer to, inherited ones included. */
export function recordsOf(type: object): Map<string | symbol, MethodRecord> {
  const records = new Map<string | symbol, MethodRecord>();
  const seen = new Set<string | symbol>();
  for (let prototype = type; prototype !== null && prototype !== Object.prototype;) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (seen.has(key)) continue;
      seen.add(key);
      const record = recordOf(Object.getOwnPropertyDescriptor(prototype, key)?.value);
      if (record !== undefined) records.set(key, record);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return records;
}

export function defineConfig(type: object, config: CacheConfigOptions): void {
  Reflect.defineMetadata(CONFIG, config, type);
}

/** `@CacheConfig` of a class over that of its ancestors; an `id` is the class's own. */
export function configOf(type: object | null): CacheConfigOptions {
  if (typeof type !== 'function') return {};
  const own: CacheConfigOptions = Reflect.getOwnMetadata(CONFIG, type) ?? {};
  return { ...configOf(Object.getPrototypeOf(type)), id: undefined, ...own };
}
