import { CacheBackendError } from '../../../errors/cache.errors.js';

/** What a server answered instead of doing what it was asked for. */
export class ServerError extends CacheBackendError {
  /** The first word of the answer: `MOVED`, `READONLY`, `OOM`, `NOSCRIPT` … */
  readonly reply: string;
  /** The words after it. They may name what the user should not see in a log. */
  readonly details: readonly string[];

  constructor(message: string, options: { cause?: unknown } = {}) {
    const [reply = 'ERR', ...details] = message.split(' ');
    super(`the Redis server refuses: ${reply}${EXPLAINED[reply] ?? ''}`, options);
    this.reply = reply;
    this.details = details;
  }

  override get name(): string {
    return 'CacheBackendError';
  }
}

const EXPLAINED: Readonly<Record<string, string>> = {
  READONLY: ', it is a replica',
  LOADING: ', it is still reading its data',
  OOM: ', it has no memory left',
  CLUSTERDOWN: ', the cluster is down',
  NOAUTH: ', it asks for a password',
  WRONGPASS: ', username or password are wrong',
  NOPERM: ', the user may not do that',
  MISCONF: ', it cannot write to its disk',
  MASTERDOWN: ', it has lost its master',
};

/** Whether an error of a client is an answer of the server: those begin with a code. */
export function isServerAnswer(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z][A-Z0-9]{2,}( |$)/.test(error.message);
}
