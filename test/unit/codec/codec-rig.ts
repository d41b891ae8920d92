import { Codec, type CodecOptions, type Place } from '../../../lib/codec/codec.js';
import { UnreadableError } from '../../../lib/codec/unreadable.error.js';

/** A codec that neither compresses nor encrypts, but for what is given. */
export const OPTIONS: CodecOptions = {
  compression: undefined,
  maxBytes: 8 * 1024 * 1024,
  keys: [],
  allowPlaintext: false,
  types: [],
  strictTypes: false,
};

export const PLACE: Place = { namespace: 'users', key: 'UsersService.findOne:1' };

export function makeCodec(
  options: Partial<CodecOptions> = {},
  onPlainClass: (className: string) => void = () => {},
): Codec {
  return new Codec({ ...OPTIONS, ...options }, onPlainClass);
}

/** A key for tests, of one byte repeated. */
export function fixedKey(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

export function roundTrip(codec: Codec, value: unknown): unknown {
  return codec.decode(codec.encode(value, PLACE), PLACE);
}

/** The error that something ends with. */
export function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

/** How reading bytes fails, or `readable`. Anything other than an `UnreadableError` is thrown on. */
export function outcome(read: () => unknown): string {
  try {
    read();
    return 'readable';
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return error.security ? `${error.reason}!` : error.reason;
  }
}

/** Names of all that can be reached without a value: nothing that is read may add to them. */
export function prototypeKeys(): string {
  return [Object, Array, Map, Set, Date, Error, Buffer, Uint8Array, RegExp, URL, Function]
    .map(({ prototype }) =>
      Reflect.ownKeys(prototype as object)
        .map(String)
        .join(),
    )
    .join(';');
}
