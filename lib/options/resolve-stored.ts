import { assertOptions } from '../cache/arguments.js';
import type { CodecOptions, ValueType } from '../codec/codec.js';
import { encryptionKeys } from '../codec/encryption-keys.js';
import { boolean, MEGABYTE, oneOf, wrong } from './checks.js';
import type { StoredOptions } from './options.js';

export const STORED_OPTIONS = [
  'encryptionKey', 'allowPlaintext', 'compression', 'types', 'strictTypes', 'onError',
] as const; // prettier-ignore

/** Bytes from which compressing is tried. */
const THRESHOLD = 4_096;
/** Bytes of the largest value, serialised, where no other limit is set. */
const LARGEST_VALUE = 64 * MEGABYTE;

/** How a store outside of the process keeps values and fails. */
export interface ResolvedStored {
  readonly codec: CodecOptions;
  readonly onError: 'absorb' | 'throw';
}

/** @param maxBytes of a value, serialised */
export function resolveStored(options: StoredOptions, maxBytes = LARGEST_VALUE): ResolvedStored {
  const keys = options.encryptionKey === undefined ? [] : encryptionKeys(options.encryptionKey);
  return {
    codec: {
      keys,
      allowPlaintext: boolean(options.allowPlaintext, 'allowPlaintext', false),
      compression: compression(options.compression),
      types: types(options.types),
      strictTypes: boolean(options.strictTypes, 'strictTypes', false),
      maxBytes,
    },
    onError: oneOf(options.onError, 'absorb', ['absorb', 'throw'], 'onError'),
  };
}

function compression(given: StoredOptions['compression']): CodecOptions['compression'] {
  if (given === false) return undefined;
  if (given === undefined || given === true) return { threshold: THRESHOLD };
  assertOptions(given, ['threshold'], 'BlossomCacheModule: compression');
  const { threshold = THRESHOLD } = given;
  if (typeof threshold === 'number' && threshold >= 0) return { threshold };
  throw wrong('compression.threshold', 'a number of bytes', threshold);
}

function types(given: unknown): readonly ValueType[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw wrong('types', 'an array of { name, match, encode, decode }', given);
  for (const type of given as Partial<ValueType>[]) {
    const functions = [type?.match, type?.encode, type?.decode];
    if (typeof type?.name === 'string' && type.name !== '' && functions.every((part) => typeof part === 'function')) {
      continue;
    }
    throw wrong('types', 'an array of { name, match, encode, decode }, a name and three functions each', type);
  }
  return given as ValueType[];
}
