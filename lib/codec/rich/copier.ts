import { types } from 'node:util';
import { CacheSerializationError } from '../../errors/cache.errors.js';
import { MAX_DEPTH, MAX_SPARSE_LENGTH } from '../limits.js';
import { isPlainPrimitive } from '../plain-json.js';
import type { ValueType } from '../value-type.js';
import { BinaryWriter, binaryKind } from './binary.js';
import { errorParts } from './error-classes.js';
import { ESCAPE, FORMS, type Form } from './forms.js';
import { isEmpty, isForeignPlain, isLeaf, isOfStandardKind, isStandard } from './standard-kinds.js';
import { className, outsideKind, unstorable } from './unstorable.js';

/** How instances of classes are treated. */
export interface InstanceRules {
  readonly types: readonly ValueType[];
  /** Whether instances of classes that are not registered are refused. */
  readonly strictTypes: boolean;
  /** Told of every class whose instances become plain data. */
  readonly onPlainClass: (className: string) => void;
}

/**
 * Copies one value into what JSON can hold, with {@link FORMS} for all that it cannot. What is shared is referred to by
 * number. The value is not changed.
 */
export class Copier {
  readonly binary = new BinaryWriter();
  readonly #rules: InstanceRules;
  readonly #numbers = new Map<object, number>();
  /** What instances say of themselves by `toJSON`, which is asked once. */
  readonly #said = new Map<object, unknown>();
  /** Instances of registered types that are not complete yet. */
  readonly #incomplete = new Set<object>();
  #depth = 0;
  #sparseLength = 0;
  #isPlain = true;

  constructor(rules: InstanceRules) {
    this.#rules = rules;
  }

  /** Whether the copy is JSON without any of the forms. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** @throws {CacheSerializationError} */
  copy(value: unknown): unknown {
    switch (typeof value) {
      case 'object':
        return value === null ? null : this.#object(value);
      case 'undefined':
        return this.#form(FORMS.undefined, []);
      case 'number':
        return isPlainPrimitive(value) ? value : this.#form(FORMS.number, [Object.is(value, -0) ? '-0' : `${value}`]);
      case 'bigint':
        return this.#form(FORMS.bigint, [value.toString(16)]);
      case 'function':
      case 'symbol':
        throw unstorable(`a ${typeof value}`);
      default:
        return value;
    }
  }

  #object(value: object): unknown {
    const number = this.#numbers.get(value);
    if (number !== undefined) return this.#reference(value, number);
    if (this.#depth === MAX_DEPTH) throw unstorable('objects nested too deeply');
    this.#depth += 1;
    const copy = this.#copyOf(value);
    this.#depth -= 1;
    return copy;
  }

  #reference(value: object, number: number): unknown {
    if (this.#incomplete.has(value)) throw unstorable('an instance of a registered type that holds itself');
    return this.#form(FORMS.reference, [number]);
  }

  #copyOf(value: object): unknown {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#plainObject(value);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#list(value);
    if (prototype === null || isEmpty(prototype)) return this.#plainObject(value, false);
    if (isForeignPlain(prototype)) return this.#plainObject(value);
    const type = this.#rules.types.find(({ match }) => match(value));
    if (type !== undefined) return this.#registered(value, type);
    return isStandard(value, prototype) ? this.#standard(value) : this.#instance(value);
  }

  #plainObject(value: object, hasPrototype = true): unknown {
    if (Object.getOwnPropertySymbols(value).some((key) => Object.prototype.propertyIsEnumerable.call(value, key))) {
      throw unstorable('a property named by a symbol');
    }
    return this.#record(value, hasPrototype);
  }

  /** The properties of a proxy are taken out first: it may have them in an order that no object has. */
  #record(value: object, hasPrototype: boolean): unknown {
    this.#number(value);
    const source = (types.isProxy(value) ? { ...value } : value) as Readonly<Record<string, unknown>>;
    const keys = Object.keys(source);
    if (!hasPrototype || keys.includes('__proto__')) return this.#pairs(FORMS.record, [hasPrototype], source, keys);
    const copy: Record<string, unknown> = {};
    for (const key of keys) copy[key] = this.copy(source[key]);
    return copy;
  }

  #pairs(form: Form, start: readonly unknown[], source: object, keys: readonly string[]): unknown {
    const items = [...start];
    for (const key of keys) items.push(key, this.copy((source as Record<string, unknown>)[key]));
    return this.#form(form, items);
  }

  #list(value: readonly unknown[]): unknown {
    this.#number(value);
    const copy: unknown[] = [];
    for (let i = 0; i < value.length; i += 1) {
      const item = value[i];
      if (item === undefined && !Object.hasOwn(value, i)) return this.#sparse(value, copy);
      copy.push(this.copy(item));
    }
    const [first] = copy;
    return typeof first === 'string' && first.startsWith(ESCAPE) ? this.#form(FORMS.list, copy) : copy;
  }

  /** @param start copies of the items before the first hole */
  #sparse(value: readonly unknown[], start: readonly unknown[]): unknown {
    this.#sparseLength += value.length;
    if (this.#sparseLength > MAX_SPARSE_LENGTH) throw unstorable('a very long array with holes');
    const items: unknown[] = [value.length, ...start.flatMap((item, at) => [at, item])];
    for (let i = start.length; i < value.length; i += 1) {
      if (Object.hasOwn(value, i)) items.push(i, this.copy(value[i]));
    }
    return this.#form(FORMS.sparse, items);
  }

  /** An instance of a class of the language, or of one derived from it. */
  #standard(value: object): unknown {
    if (Array.isArray(value)) return this.#list(value);
    this.#number(value);
    if (types.isMap(value)) return this.#map(value);
    if (types.isSet(value)) return this.#set(value);
    return types.isNativeError(value) ? this.#error(value) : this.#leaf(value);
  }

  #map(value: ReadonlyMap<unknown, unknown>): unknown {
    const items: unknown[] = [];
    Map.prototype.forEach.call(value, (item, key) => items.push(this.copy(key), this.copy(item)));
    return this.#form(FORMS.map, items);
  }

  #set(value: ReadonlySet<unknown>): unknown {
    const items: unknown[] = [];
    Set.prototype.forEach.call(value, (item) => items.push(this.copy(item)));
    return this.#form(FORMS.set, items);
  }

  #error(error: Error): unknown {
    const { type, hidden, visible } = errorParts(error);
    return this.#pairs(FORMS.error, [type, hidden.length], error, [...hidden, ...visible]);
  }

  /** What holds no other values. */
  #leaf(value: object): unknown {
    if (types.isDate(value)) return this.#form(FORMS.date, [Date.prototype.getTime.call(value)]);
    if (types.isRegExp(value)) return this.#form(FORMS.regexp, [value.source, value.flags]);
    if (value instanceof URL) return this.#form(FORMS.url, [value.href]);
    if (value instanceof URLSearchParams) return this.#form(FORMS.query, [value.toString()]);
    if (types.isBoxedPrimitive(value)) return this.#form(FORMS.boxed, [this.copy(value.valueOf())]);
    const binary = value as ArrayBuffer | ArrayBufferView;
    return this.#form(FORMS.binary, [binaryKind(binary), ...this.binary.add(binary)]);
  }

  #registered(value: object, type: ValueType): unknown {
    this.#number(value);
    this.#incomplete.add(value);
    const data = this.copy(type.encode(value));
    this.#incomplete.delete(value);
    return this.#form(FORMS.type, [type.name, data]);
  }

  /** An instance of a class that is neither of the language nor registered: as plain data. */
  #instance(value: object): unknown {
    if (this.#said.has(value)) return this.copy(this.#said.get(value));
    const outside = isOfStandardKind(value) ? undefined : outsideKind(value);
    if (outside !== undefined) throw unstorable(outside);
    this.#announce(className(value));
    const json = isLeaf(value) ? value : whatItSays(value);
    if (json === value) return isOfStandardKind(value) ? this.#standard(value) : this.#record(value, true);
    this.#said.set(value, json);
    return this.copy(json);
  }

  #announce(name: string): void {
    if (!this.#rules.strictTypes) return this.#rules.onPlainClass(name);
    throw new CacheSerializationError(
      `the value is or holds an instance of ${name}, which is not a registered type; register it in types, or store plain data`,
    );
  }

  #number(value: object): void {
    this.#numbers.set(value, this.#numbers.size);
  }

  #form(form: Form, items: readonly unknown[]): unknown {
    this.#isPlain = false;
    return [form, ...items];
  }
}

function whatItSays(value: object): unknown {
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON('') as unknown) : value;
}
