import { CacheSerializationError } from '../errors/cache.errors.js';
import { FORMATS, type ContainedPayload, type Payload, type Place } from './payload.js';
import { isPlain, parsePlain, readText, writePlain } from './plain-json.js';
import { Copier, type InstanceRules } from './rich/copier.js';
import { parseRich, writeRich } from './rich/rich-text.js';
import { Sealer, type SealerOptions } from './sealer.js';
import { UnreadableError } from './unreadable.error.js';
import { typesByName, type ValueType } from './value-type.js';

export type { Payload, Place } from './payload.js';
export type { ValueType } from './value-type.js';

/** How values become bytes, and what is taken for a value. */
export interface CodecOptions extends SealerOptions {
  /** Classes of the app's own whose instances are kept. Nothing else is ever revived. */
  readonly types: readonly ValueType[];
  /** Whether instances of other classes are refused, instead of becoming plain data. */
  readonly strictTypes: boolean;
}

/** Value ⇄ bytes: serialised, compressed, encrypted. */
export class Codec {
  readonly #rules: InstanceRules;
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #sealer: Sealer;
  readonly #maxBytes: number;

  /**
   * @param onPlainClass told once per class whose instances become plain data
   * @throws {CacheOptionsError} where two types have one name
   */
  constructor(options: CodecOptions, onPlainClass: (className: string) => void = () => {}) {
    const told = new Set<string>();
    this.#types = typesByName(options.types);
    this.#sealer = new Sealer(options);
    this.#maxBytes = options.maxBytes;
    this.#rules = {
      types: options.types,
      strictTypes: options.strictTypes,
      onPlainClass: (className) => {
        if (told.has(className)) return;
        told.add(className);
        onPlainClass(className);
      },
    };
  }

  /**
   * A text is stored as it is, what is provably plain becomes JSON, anything else the richer form.
   * @throws {CacheSerializationError} for what cannot be kept; nothing is half done
   */
  serialise(value: unknown): Payload {
    const payload = this.#serialise(value);
    if (payload.bytes.length <= this.#maxBytes) return payload;
    throw new CacheSerializationError(
      `the value takes ${payload.bytes.length} bytes, and ${this.#maxBytes} are the most that would be read again`,
    );
  }

  /** @throws {UnreadableError} and nothing else */
  parse({ format, bytes }: Payload): unknown {
    return this.#parse({ format, bytes, from: 0 });
  }

  /**
   * The bytes of a value, bound to its place if they are encrypted.
   * @throws {CacheSerializationError}
   */
  encode(value: unknown, place: Place): Uint8Array {
    return this.#sealer.seal(this.serialise(value), place);
  }

  /**
   * The value of bytes from wherever; nothing in it refers to them.
   * @param from where what was encoded begins: a view of its own would cost a short value more than its text does
   * @throws {UnreadableError} and nothing else
   */
  decode(bytes: Uint8Array, place: Place, from = 0): unknown {
    return this.#parse(this.#sealer.open(bytes, place, from));
  }

  #serialise(value: unknown): Payload {
    try {
      if (isText(value)) return { format: FORMATS.text, bytes: Buffer.from(value) };
      return isPlain(value) ? plain(value) : this.#rich(value);
    } catch (error) {
      throw asSerializationError(error);
    }
  }

  /** The richer form, or JSON where that can hold what instances became. */
  #rich(value: unknown): Payload {
    const copier = new Copier(this.#rules);
    const copy = copier.copy(value);
    return copier.isPlain ? plain(copy) : { format: FORMATS.rich, bytes: writeRich(copy, copier.binary) };
  }

  #parse(contained: ContainedPayload): unknown {
    try {
      return this.#valueOf(contained);
    } catch (error) {
      throw error instanceof UnreadableError ? error : new UnreadableError('content', 'not what its form says');
    }
  }

  #valueOf({ format, bytes, from }: ContainedPayload): unknown {
    switch (format) {
      case FORMATS.json:
        return parsePlain(bytes, from);
      case FORMATS.text:
        return readText(bytes, from);
      case FORMATS.rich:
        return parseRich(bytes.subarray(from), this.#types);
      default:
        throw new UnreadableError('format', 'serialised in an unknown form');
    }
  }
}

/** Half of a surrogate pair has no UTF-8, but it has JSON. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function plain(value: unknown): Payload {
  return { format: FORMATS.json, bytes: writePlain(value) };
}

function asSerializationError(error: unknown): CacheSerializationError {
  if (error instanceof CacheSerializationError) return error;
  return new CacheSerializationError('the value could not be read: a getter, its toJSON or its encode failed', {
    cause: error,
  });
}
