import 'reflect-metadata';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheConfigOptions, CacheWarmOptions, Operation, TagRule } from './operation.js';

/** What a method answers with; unknown until its declaration or its first call tells. */
export type Returns = 'promise' | 'observable' | 'unknown';

/** All that the decorators of one method say, as data. It knows nothing of caches. */
export interface MethodRecord {
  readonly name: string | symbol;
  /** Parameters it declares up to the first one with a default, rest ones not counted. */
  readonly arity: number;
  /** Whether it is known to declare none: whatever it is called with makes no difference. */
  readonly takesNothing: boolean;
  readonly operations: Operation[];
  readonly tags: TagRule[];
  returns: Returns;
  /** Where an instance carries the binding to its cache; undefined until something has to be cached. */
  slot: symbol | undefined;
  /** How it is run at boot; undefined where it is not. */
  warm: CacheWarmOptions | undefined;
}

const RECORDS = Symbol.for('nestjs-blossom-cache:methods');
const CONFIG = Symbol.for('nestjs-blossom-cache:class');

type Records = Map<string | symbol, MethodRecord>;

/** The record of a method that is being decorated, new for the first decorator. */
export function recordFor(
  prototype: object,
  name: string | symbol,
  declared: () => Pick<MethodRecord, 'arity' | 'takesNothing' | 'returns'>,
): MethodRecord {
  const own: Records = Reflect.getOwnMetadata(RECORDS, prototype) ?? new Map();
  const known = own.get(name);
  if (known !== undefined) return known;
  const record: MethodRecord = { name, operations: [], tags: [], slot: undefined, warm: undefined, ...declared() };
  Reflect.defineMetadata(RECORDS, own.set(name, record), prototype);
  return record;
}

/**
 * The records of all methods of one name, from the class itself to its ancestors: what overrides a method may
 * call it through `super`. Undefined for a method without decorators.
 */
export function* recordsNamed(prototype: object, name: PropertyKey): Iterable<MethodRecord | undefined> {
  for (const { own, records } of chain(prototype)) {
    if (own.includes(name as string | symbol)) yield records?.get(name as string | symbol);
  }
}

/** The decorated method that instances of a class answer to under a name. */
export function recordNamed(prototype: object, name: PropertyKey): MethodRecord | undefined {
  for (const record of recordsNamed(prototype, name)) return record;
  return undefined;
}

/** All decorated methods that instances of a class answer to. */
export function recordsOf(prototype: object): MethodRecord[] {
  const names = new Set<string | symbol>();
  for (const { records } of chain(prototype)) for (const name of records?.keys() ?? []) names.add(name);
  return Array.from(names, (name) => recordNamed(prototype, name)).filter((record) => record !== undefined);
}

/** Whether a method of a class, or one that it overrides, has an operation of this kind. */
export function hasOperation(prototype: object, kind: Operation['kind']): boolean {
  for (const { records } of chain(prototype)) {
    for (const { operations } of records?.values() ?? []) if (operations.some((one) => one.kind === kind)) return true;
  }
  return false;
}

/** The class in which a decorated method was written. */
export function declaringClass(prototype: object, record: MethodRecord): object | undefined {
  for (const { type, records } of chain(prototype)) if (records?.get(record.name) === record) return type.constructor;
  return undefined;
}

/** The name under which a class has a method; other decorators may have given the function another one. */
export function nameOfFunction(prototype: object, method: unknown): string | symbol | undefined {
  for (const { type, own } of chain(prototype)) {
    const found = own.find((name) => Object.getOwnPropertyDescriptor(type, name)?.value === method);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* chain(prototype: object): Iterable<{ type: object; own: (string | symbol)[]; records: Records | undefined }> {
  for (let type = prototype; type !== null && type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    yield { type, own: Reflect.ownKeys(type), records: Reflect.getOwnMetadata(RECORDS, type) };
  }
}

/** @throws {CacheOptionsError} if the class has one already */
export function defineConfig(type: { readonly name: string }, config: CacheConfigOptions): void {
  if (Reflect.hasOwnMetadata(CONFIG, type)) {
    throw new CacheOptionsError(`@CacheConfig is on ${type.name} twice: leave one`);
  }
  Reflect.defineMetadata(CONFIG, config, type);
}

/** `@CacheConfig` of a class over that of its ancestors; an `id` is the class's own. */
export function configOf(type: object | null): CacheConfigOptions {
  if (typeof type !== 'function') return {};
  const own: CacheConfigOptions = Reflect.getOwnMetadata(CONFIG, type) ?? {};
  return { ...configOf(Object.getPrototypeOf(type)), id: undefined, ...own };
}
