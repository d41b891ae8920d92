import { AssertionError } from 'node:assert';
import { CacheOptionsError } from '../../errors/cache.errors.js';
import type { EntryLog } from './event-log.js';

/** Of what something is expected, and what happened to it. */
export interface Judged {
  readonly subject: string;
  readonly negated: boolean;
  readonly entries: readonly EntryLog[];
  /** What happened, for messages; undefined where it would be too much. */
  readonly told: string | undefined;
}

/** What is expected, and what is the case. */
export interface Finding {
  readonly subject: string;
  /** `to have been …` */
  readonly expected: string;
  readonly met: boolean;
  readonly negated: boolean;
  /** What is the case. */
  readonly instead: string;
  /** For those who show differences. */
  readonly values?: { readonly actual: unknown; readonly expected: unknown };
}

/** @throws {AssertionError} where what is expected is not the case */
export function verdict({ subject, expected, met, negated, instead, values }: Finding): void {
  if (met !== negated) return;
  const message = `expected ${subject} ${negated ? 'not ' : ''}${expected}; ${instead}`;
  throw new AssertionError({ message, operator: 'expectCache', ...(negated ? {} : values) });
}

/** ` once`, ` 3 times`; at least once where no number is given, which goes without saying. */
export function times(count: number | undefined): string {
  if (count === undefined) return '';
  if (count === 0) return ' 0 times';
  return count === 1 ? ' once' : ` ${count} times`;
}

/** What is wrong with the expectation itself. */
export function misused(message: string): CacheOptionsError {
  return new CacheOptionsError(message);
}
