import { types } from 'node:util';
import { ARRAY_CLASSES } from './binary.js';
import { ERROR_CLASSES } from './error-classes.js';
import { isNative } from './unstorable.js';

const PROTOTYPES: ReadonlySet<object> = new Set<object>(
  [
    ...ARRAY_CLASSES,
    ...ERROR_CLASSES,
    Array,
    ArrayBuffer,
    BigInt,
    Boolean,
    Buffer,
    DataView,
    Date,
    Map,
    Number,
    RegExp,
    Set,
    String,
    URL,
    URLSearchParams,
  ].map((Class) => Class.prototype as object),
);

/** Whether it is of a standard class that has a form here, of whatever realm, and not of a class derived from one. */
export function isStandard(value: object, prototype: object): boolean {
  return PROTOTYPES.has(prototype) || (isOfStandardKind(value) && isNative(value.constructor));
}

/** Whether it is of such a class or of one derived from it: what the engine made, whatever its prototype says. */
export function isOfStandardKind(value: object): boolean {
  return (
    Array.isArray(value) || types.isMap(value) || types.isSet(value) || types.isNativeError(value) || isLeaf(value)
  );
}

/** Whether it is of a standard kind that holds no other values. */
export function isLeaf(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    ArrayBuffer.isView(value) ||
    types.isArrayBuffer(value) ||
    (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) ||
    value instanceof URL ||
    value instanceof URLSearchParams
  );
}

/** Whether this is the `Object.prototype` of another realm. */
export function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** Whether a prototype has nothing to give, as that of the objects which parsers of queries make. */
export function isEmpty(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0;
}
