import type { Awaitable } from '../../../support/awaitable.js';
import type { ServerError } from './server-error.js';
import type { Session } from './session.js';

/** Where a command is to go after all. */
export interface Redirection {
  readonly session: Session;
  /** Whether the key is just being moved there: the command has to be announced, and its answer is good once. */
  readonly asking: boolean;
}

/** The servers that keep the entries of one store. */
export interface Servers {
  /** Whether keys may lie on different servers. */
  readonly split: boolean;
  /** The session with the server that has the key. @throws {CacheBackendError} where there is none. */
  session(name: string): Awaitable<Session>;
  /** After an answer that was an error: where the command has to go, if that is all that is wrong. */
  redirect(name: string, error: ServerError, session: Session): Awaitable<Redirection | undefined>;
  /** The sessions there are. */
  sessions(): readonly Session[];
  close(): void;
}
