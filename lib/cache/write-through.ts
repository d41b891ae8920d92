import { CacheOptionsError } from '../errors/cache.errors.js';
import { assertOptions, nameOf } from './arguments.js';
import type { SetOptions } from './call-options.js';
import { checkOutcomeUnknown, isOutcomeUnknown, says } from './outcome.js';

/** Options of `writeThrough`. */
export interface WriteThroughOptions extends SetOptions {
  /**
   * Whether an error of the write leaves open whether the source was changed. Then the entry is removed. Asked besides what is
   * taken for it anyway: lost connections, timeouts, and calls that were aborted.
   */
  readonly outcomeUnknown?: ((error: unknown) => boolean) | undefined;
}

const OPERATION = 'writeThrough';

/** Takes the options apart: those of what is stored, and how errors are judged. @throws {CacheOptionsError} */
export function readWriteThrough(
  write: unknown,
  options: WriteThroughOptions = {},
): { readonly stored: SetOptions; readonly isUnknown: (error: unknown) => boolean } {
  if (typeof write !== 'function') {
    const message = `${OPERATION}: a function that writes the value to the source is needed; got ${nameOf(write)}`;
    throw new CacheOptionsError(message, { operation: OPERATION });
  }
  assertOptions(options, ['ttl', 'tags', 'grace', 'outcomeUnknown'], OPERATION);
  const { outcomeUnknown, ...stored } = options;
  checkOutcomeUnknown(outcomeUnknown, OPERATION);
  const isUnknown = (error: unknown): boolean =>
    isOutcomeUnknown(error) || (outcomeUnknown !== undefined && says(outcomeUnknown, error));
  return { stored, isUnknown };
}
