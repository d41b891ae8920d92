import { MAX_DEPTH, MAX_SPARSE_LENGTH } from '../limits.js';
import { UnreadableError } from '../unreadable.error.js';
import type { ValueType } from '../value-type.js';
import type { BinaryReader } from './binary.js';
import { bareError } from './error-classes.js';
import { ESCAPE, FORMS } from './forms.js';

/** One more than objects: the forms of primitives are arrays too. */
const MAX_LEVELS = MAX_DEPTH + 1;

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

/** Stands for what is not complete yet. */
const INCOMPLETE = Symbol('incomplete');

/** Makes a value of what JSON gave, in place; the counterpart of `Copier`. For one value only. */
export class Reviver {
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #binary: BinaryReader;
  /** Objects by their number. */
  readonly #made: unknown[] = [];
  #level = 0;
  #sparseLength = 0;

  constructor(types: ReadonlyMap<string, ValueType>, binary: BinaryReader) {
    this.#types = types;
    this.#binary = binary;
  }

  /** @throws {UnreadableError} for what nothing here writes */
  revive(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    this.#level += 1;
    if (this.#level > MAX_LEVELS) throw new UnreadableError('depth', 'nested too deeply');
    const made = Array.isArray(value) ? this.#array(value) : this.#object(value as Record<string, unknown>);
    this.#level -= 1;
    return made;
  }

  #object(value: Record<string, unknown>): object {
    this.#made.push(value);
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw invalid();
      const item = value[key];
      if (typeof item === 'object' && item !== null) value[key] = this.revive(item);
    }
    return value;
  }

  #array(value: unknown[]): unknown {
    const [first] = value;
    if (typeof first === 'string' && first.startsWith(ESCAPE)) return this.#form(first, value);
    this.#made.push(value);
    for (let i = 0; i < value.length; i += 1) value[i] = this.revive(value[i]);
    return value;
  }

  #form(form: string, parts: readonly unknown[]): unknown {
    switch (form) {
      case FORMS.reference:
        return this.#reference(parts[1]);
      case FORMS.undefined:
        return undefined;
      case FORMS.number:
        return NUMBERS.get(parts[1]) ?? refuse();
      case FORMS.bigint:
        return bigint(parts[1]);
      case FORMS.type:
        return this.#instance(parts[1], parts[2]);
      default:
        return this.#container(form, parts) ?? this.#keep(this.#leaf(form, parts));
    }
  }

  #reference(number: unknown): unknown {
    const made = isCount(number, this.#made.length) ? this.#made[number] : undefined;
    return made === undefined || made === INCOMPLETE ? refuse() : made;
  }

  #instance(name: unknown, data: unknown): unknown {
    const type = this.#types.get(name as string);
    if (type === undefined) throw new UnreadableError('type', 'of a type that is not registered');
    const number = this.#made.push(INCOMPLETE) - 1;
    const revived = this.revive(data);
    try {
      this.#made[number] = type.decode(revived);
    } catch (cause) {
      throw new UnreadableError('type', `the type ${type.name} could not decode it`, { cause });
    }
    return this.#made[number];
  }

  /** What holds other values, and is there before they are; undefined for any other form. */
  #container(form: string, parts: readonly unknown[]): object | undefined {
    switch (form) {
      case FORMS.list:
        return this.#list(parts);
      case FORMS.sparse:
        return this.#sparse(parts);
      case FORMS.record:
        return this.#define(parts[1] === true ? {} : (Object.create(null) as object), parts, 2, 2);
      case FORMS.map:
        return this.#map(parts);
      case FORMS.set:
        return this.#set(parts);
      case FORMS.error:
        return this.#error(parts);
      default:
        return undefined;
    }
  }

  #list(parts: readonly unknown[]): object {
    const made = this.#keep<unknown[]>([]);
    for (let i = 1; i < parts.length; i += 1) made.push(this.revive(parts[i]));
    return made;
  }

  #sparse(parts: readonly unknown[]): object {
    const length = isCount(parts[1], MAX_SPARSE_LENGTH - this.#sparseLength) ? parts[1] : refuse();
    this.#sparseLength += length;
    const made = this.#keep<unknown[]>([]);
    made.length = length;
    for (let i = 2; i < parts.length; i += 2) {
      const at = parts[i];
      made[isCount(at, length - 1) ? at : refuse()] = this.revive(parts[i + 1]);
    }
    return made;
  }

  #map(parts: readonly unknown[]): object {
    const made = this.#keep(new Map<unknown, unknown>());
    for (let i = 1; i < parts.length; i += 2) {
      const key = this.revive(parts[i]);
      made.set(key, this.revive(parts[i + 1]));
    }
    return made;
  }

  #set(parts: readonly unknown[]): object {
    const made = this.#keep(new Set<unknown>());
    for (let i = 1; i < parts.length; i += 1) made.add(this.revive(parts[i]));
    return made;
  }

  #error(parts: readonly unknown[]): object {
    const hidden = isCount(parts[2], parts.length) ? parts[2] : refuse();
    return this.#define(bareError(parts[1]) ?? refuse(), parts, 3, 3 + 2 * hidden);
  }

  /**
   * Gives an object properties. By definition, not by assignment, which for `__proto__` would change the prototype.
   * @param visible where the names begin of properties that enumerate
   */
  #define(made: object, parts: readonly unknown[], start: number, visible: number): object {
    this.#keep(made);
    for (let i = start; i < parts.length; i += 2) {
      const key = parts[i];
      if (typeof key !== 'string') throw invalid();
      const value = this.revive(parts[i + 1]);
      Object.defineProperty(made, key, { value, enumerable: i >= visible, writable: true, configurable: true });
    }
    return made;
  }

  #leaf(form: string, [, first, second, third]: readonly unknown[]): object {
    switch (form) {
      case FORMS.date:
        return new Date(typeof first === 'number' ? first : NaN);
      case FORMS.regexp:
        return new RegExp(text(first), text(second));
      case FORMS.url:
        return new URL(text(first));
      case FORMS.query:
        return new URLSearchParams(text(first));
      case FORMS.boxed:
        return boxed(this.revive(first));
      case FORMS.binary:
        return this.#binary.take(first, second, third);
      default:
        return refuse();
    }
  }

  #keep<T extends object>(made: T): T {
    this.#made.push(made);
    return made;
  }
}

function bigint(digits: unknown): bigint {
  if (typeof digits !== 'string' || !/^-?[\da-f]+$/.test(digits)) return refuse();
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function boxed(value: unknown): object {
  return value === null || value === undefined || typeof value === 'object' ? refuse() : (Object(value) as object);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : refuse();
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function refuse(): never {
  throw invalid();
}

function invalid(): UnreadableError {
  return new UnreadableError('content', 'not the form it should be');
}
