import { Inject } from '@nestjs/common';
import { runDetached } from '../cache/loading/load-scope.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { bindingOf, bindingSlot, openSlot } from '../operations/binding.js';
import { configOf, recordFor, type MethodRecord, type Returns } from '../operations/method-record.js';
import type { Operation } from '../operations/operation.js';

type Method = (...args: unknown[]) => unknown;

/**
 * Adds an operation to a method, and with the first one puts in its place what hands each call to the cache
 * of the instance. An instance that Nest did not construct, or did not bind, runs the body as it is.
 */
export function addOperation(
  decorator: string,
  operation: Operation,
  target: object,
  key: PropertyKey,
  descriptor: unknown,
): void {
  const record = openRecord(decorator, target, key, descriptor);
  assertAsync((descriptor as TypedPropertyDescriptor<Method>).value!, target, key, decorator);
  if (operation.kind === 'cacheable' && record.operations.some(({ kind }) => kind === 'cacheable')) {
    throw new CacheOptionsError(`${decorator} is on ${placeOf(target, key)} twice: leave one`);
  }
  record.operations.unshift(operation);
  const slot = askForCache(target, operation.options.cache);
  if (record.slot !== undefined) return;
  record.slot = slot;
  wrap(descriptor as TypedPropertyDescriptor<Method>, record);
}

/** Has Nest inject instances with the binding to a cache; returns where they will carry it. */
export function askForCache(target: object, cache: string | undefined): symbol {
  const slot = bindingSlot(cache);
  openSlot(target, slot);
  // The class's own @CacheConfig comes later and sees to this itself; an inherited one is known already.
  Inject(bindingSlot(cache ?? configOf(target.constructor).cache))(target, slot);
  return slot;
}

/**
 * The record of a decorated method.
 * @param done what the decorator does with methods, for messages
 * @throws {CacheOptionsError} for what is no method of an instance: statics, accessors, properties.
 */
export function openRecord(
  decorator: string,
  target: object,
  key: PropertyKey,
  descriptor: unknown,
  done = 'cached',
): MethodRecord {
  const where = `${decorator} on ${placeOf(target, key)}`;
  if (typeof target === 'function') throw new CacheOptionsError(`${where}: static methods cannot be ${done}`);
  const method = (descriptor as PropertyDescriptor | undefined)?.value as Method | undefined;
  if (descriptor === undefined) {
    throw new CacheOptionsError(`${where}: this is a property; write it as a method: async ${String(key)}() { … }`);
  }
  if (typeof method !== 'function') throw new CacheOptionsError(`${where}: accessors cannot be ${done}; use a method`);
  return recordFor(target, key as string | symbol, () => {
    const declared: unknown = Reflect.getMetadata('design:paramtypes', target, key as string | symbol);
    const count = Array.isArray(declared) ? declared.length : undefined;
    // Another decorator may have put a function in its place that takes whatever it is given.
    const replaced = method.length === 0 && method.name !== nameOfMethod(key);
    return {
      arity: replaced ? (count ?? 0) : method.length,
      takesNothing: count === 0,
      returns: returnsOf(method, target, key),
    };
  });
}

/** As JavaScript names the function of a method. */
function nameOfMethod(key: PropertyKey): string {
  return typeof key === 'symbol' ? `[${key.description ?? ''}]` : String(key);
}

function wrap(descriptor: TypedPropertyDescriptor<Method>, record: MethodRecord): void {
  const body = descriptor.value!;
  const slot = record.slot!;
  const wrapper = function (this: object | undefined, ...args: unknown[]): unknown {
    const binding = this === undefined || this === null ? undefined : bindingOf(this, slot);
    if (binding === undefined) return runDetached(() => body.apply(this, args));
    return binding.runner.run(record, this!, args, body);
  };
  copyProperties(body, wrapper);
  descriptor.value = wrapper;
}

/** Name, length and whatever other decorators have left on the method: routes, guards, schedules. */
function copyProperties(from: Method, to: Method): void {
  const { prototype: _own, ...properties } = Object.getOwnPropertyDescriptors(from) as PropertyDescriptorMap;
  Object.defineProperties(to, properties);
  for (const key of Reflect.getOwnMetadataKeys(from)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, from), to);
  }
}

/** What the method answers with, by its own kind or, where TypeScript wrote it down, its return type. */
function returnsOf(method: Method, target: object, key: PropertyKey): Returns {
  if (method.constructor.name === 'AsyncFunction') return 'promise';
  const type = returnTypeOf(target, key);
  if (typeof type?.prototype?.['then'] === 'function') return 'promise';
  return typeof type?.prototype?.['subscribe'] === 'function' ? 'observable' : 'unknown';
}

/** @throws {CacheOptionsError} for what is known to answer at once. */
function assertAsync(method: Method, target: object, key: PropertyKey, decorator: string): void {
  const where = `${decorator} on ${placeOf(target, key)}`;
  if (method.constructor.name.endsWith('GeneratorFunction')) {
    throw new CacheOptionsError(`${where}: a generator cannot be cached`);
  }
  const type = returnTypeOf(target, key);
  if (type === undefined || returnsOf(method, target, key) !== 'unknown') return;
  throw new CacheOptionsError(
    `${where}: it must return a Promise or an Observable, not a ${type.name}; declare it async`,
  );
}

/** The declared return type as TypeScript wrote it down; undefined where it says nothing. */
function returnTypeOf(
  target: object,
  key: PropertyKey,
): { name: string; prototype?: Record<string, unknown> } | undefined {
  const type: unknown = Reflect.getMetadata('design:returntype', target, key as string | symbol);
  return typeof type === 'function' && type !== Object ? (type as never) : undefined;
}

function placeOf(target: object, key: PropertyKey): string {
  const type = typeof target === 'function' ? target : target.constructor;
  return `${type.name}.${String(key)}`;
}
