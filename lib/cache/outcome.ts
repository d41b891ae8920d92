import { CacheBackendError, CacheOptionsError, CacheTimeoutError } from '../errors/cache.errors.js';
import { nameOf } from './arguments.js';

/** Errors in a chain of causes that are looked at. */
const DEPTH = 8;

/** What errors of Node, undici, axios, PostgreSQL, MySQL and Prisma say of a connection that ended before the answer came. */
const LOST: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'PROTOCOL_CONNECTION_LOST',
  '08000',
  '08003',
  '08006',
  '08007',
  '57P01',
  '57P02',
  'P1017',
]);

/** The same of an answer that was not waited for any longer. */
const TOO_LATE: ReadonlySet<unknown> = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'ECONNABORTED',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'PROTOCOL_SEQUENCE_TIMEOUT',
]);

const ENDED_BY_CALLER: ReadonlySet<unknown> = new Set(['AbortError', 'TimeoutError']);

/** Whether an error says that the connection was lost, so that nobody here knows what became of the last thing asked for. */
export function isConnectionLost(error: unknown): boolean {
  return some(error, ({ code }) => LOST.has(code));
}

/** Whether an error leaves open whether what failed was done: the connection was lost, or the answer not waited for. */
export function isOutcomeUnknown(error: unknown): boolean {
  return isConnectionLost(error) || some(error, isTooLate);
}

function isTooLate(error: { readonly code?: unknown; readonly name?: unknown }): boolean {
  if (error instanceof CacheTimeoutError) return true;
  if (error instanceof CacheBackendError) return error.timedOut;
  return TOO_LATE.has(error.code) || ENDED_BY_CALLER.has(error.name);
}

/** Whether the error is one of those, or one that caused it. */
function some(
  error: unknown,
  is: (error: { readonly code?: unknown; readonly name?: unknown; readonly cause?: unknown }) => boolean,
): boolean {
  let current = error;
  for (let depth = 0; depth < DEPTH && typeof current === 'object' && current !== null; depth += 1) {
    if (is(current)) return true;
    current = (current as { readonly cause?: unknown }).cause;
  }
  return false;
}

/** What a function of the app's says of an error. One that fails has not said that it is known what was done. */
export function says(outcomeUnknown: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return outcomeUnknown(error);
  } catch {
    return true;
  }
}

/** @throws {CacheOptionsError} */
export function checkOutcomeUnknown(given: unknown, operation: string): void {
  if (given === undefined || typeof given === 'function') return;
  const need = 'outcomeUnknown must be a function of the error that returns a boolean';
  throw new CacheOptionsError(`${operation}: ${need}; got ${nameOf(given)}`, { operation });
}
