import { types } from 'node:util';
import { CacheSerializationError } from '../../errors/cache.errors.js';

/** The error for a value that is or holds something which cannot be kept. It names the kind, never names or contents. */
export function unstorable(kind: string): CacheSerializationError {
  return new CacheSerializationError(`the value is or holds ${kind}, which cannot be stored; store plain data instead`);
}

/** The kind of an object that stands for something outside of itself, so that its properties do not say what it is. */
export function outsideKind(value: object): string | undefined {
  if (types.isPromise(value) || isFunction(value, 'then')) return 'a promise';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'a weak collection';
  if (isFunction(value, 'next') && (Symbol.iterator in value || Symbol.asyncIterator in value)) return 'an iterator';
  if (isFunction(value, 'pipe') || isFunction(value, 'getReader') || isFunction(value, 'getWriter')) return 'a stream';
  if (isFunction(value, 'getStream')) return 'a streamable file';
  if (types.isSharedArrayBuffer(value)) return 'shared memory';
  return isOfPlatform(value) && !isFunction(value, 'toJSON') ? `an instance of ${className(value)}` : undefined;
}

/** The name of the class of an object, for messages. */
export function className(value: object): string {
  const type: unknown = value.constructor;
  return typeof type === 'function' && type.name !== '' ? type.name : '(anonymous)';
}

/** Whether its class is part of the language or of Node: what such an object is, its properties do not say. */
function isOfPlatform(value: object): boolean {
  const type: unknown = value.constructor;
  if (typeof type !== 'function' || type === Object) return false;
  if (types.isKeyObject(value) || types.isExternal(value)) return true;
  return isNative(type) || (globalThis as Record<string, unknown>)[type.name] === type;
}

/** Whether a class is written in no language that could be shown. */
export function isNative(type: unknown): boolean {
  return typeof type === 'function' && Function.prototype.toString.call(type).endsWith('{ [native code] }');
}

function isFunction(value: object, name: string): boolean {
  return name in value && typeof (value as Record<string, unknown>)[name] === 'function';
}
