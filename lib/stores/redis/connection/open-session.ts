import type { Clock } from '../../../support/clock.js';
import { CacheBackendError } from '../../../errors/cache.errors.js';
import type { Tracking } from '../tracking.js';
import { impatiently } from './patience.js';
import type { ClientMaker, Protocol, RedisClient } from './redis-client.js';
import { isServerAnswer, ServerError } from './server-error.js';
import { ServerTime } from './server-time.js';
import { destroy, Session, type SessionEnd } from './session.js';

/** What all connections of one store have in common. */
export interface ConnectionTerms {
  readonly clock: Clock;
  readonly tracking: Tracking;
  /** Milliseconds until an answer. */
  readonly commandTimeout: number;
  /** Whether entries are kept near, so that the server is to announce whatever was read. */
  readonly near: boolean;
  /** Milliseconds from the clock's time to the server's. Default: measured for each connection. */
  readonly offset?: number | undefined;
  /** Told once why changes are not announced. */
  onUntracked(reason: string): void;
}

/** The best first. Old servers, users who may not track, and proxies leave the others. */
const PROTOCOLS: readonly Protocol[] = [
  { RESP: 3, tracking: true },
  { RESP: 3, tracking: false },
  { RESP: 2, tracking: false },
];
const NO_TRACKING = Symbol('no tracking');
/** Milliseconds for a connection to be made, at least: nobody waits for it that long. */
const CONNECTING = 2_000;

/** What a particular kind of server asks for. */
export interface Particulars {
  /** False: no change can be announced over such a connection. Default: true, if the server can. */
  readonly tracking?: boolean;
  /** Rejects if it is not the server that is wanted. */
  check?(client: RedisClient): Promise<void>;
}

/**
 * Connects, and finds out what the server can do and what time it has.
 * @throws {CacheBackendError}
 */
export async function openSession(
  make: ClientMaker,
  terms: ConnectionTerms,
  onEnd: (end: SessionEnd) => void,
  unwanted: AbortSignal,
  { tracking = true, check }: Particulars = {},
): Promise<Session> {
  let refused: unknown = tracking ? undefined : NO_TRACKING;
  for (const protocol of PROTOCOLS.filter((one) => tracking || !one.tracking)) {
    try {
      const session = await open(make, protocol, terms, onEnd, unwanted, check);
      if (!protocol.tracking) terms.onUntracked(reasonOf(refused));
      return session;
    } catch (error) {
      if (!asksForLess(error)) throw asBackendError(error);
      refused = error;
    }
  }
  throw asBackendError(refused);
}

/** Commands sent while connecting are bounded, too: a frozen server accepts connections. */
async function open(
  make: ClientMaker,
  protocol: Protocol,
  terms: ConnectionTerms,
  onEnd: (end: SessionEnd) => void,
  unwanted: AbortSignal,
  check: Particulars['check'],
): Promise<Session> {
  const patience = Math.max(CONNECTING, terms.commandTimeout);
  const client = make(protocol, patience);
  const lost = { timedOut: false, reason: 'the connection to the Redis server was lost' };
  let session: Session | undefined;
  client.on('error', () => session?.end(lost));
  client.on('end', () => session?.end(lost));
  client.on('invalidate', (key: Buffer | string | null) => terms.tracking.invalidated(key));
  const stop = (): void => destroy(client);
  unwanted.addEventListener('abort', stop);
  try {
    unwanted.throwIfAborted();
    return (session = await within(patience, () => introduce(client, protocol, terms, onEnd, check)));
  } catch (error) {
    destroy(client);
    throw error;
  } finally {
    unwanted.removeEventListener('abort', stop);
  }
}

async function introduce(
  client: RedisClient,
  { tracking }: Protocol,
  terms: ConnectionTerms,
  onEnd: (end: SessionEnd) => void,
  check: Particulars['check'],
): Promise<Session> {
  const { clock, commandTimeout } = terms;
  await client.connect();
  await check?.(client);
  const optIn = tracking && !terms.near;
  if (optIn) await trackOnDemand(client);
  const time = new ServerTime(clock, terms.offset);
  await time.measure(() => client.sendCommand(['TIME']));
  // What changed while nobody listened was announced to nobody.
  terms.tracking.forgetAll();
  return new Session({ client, tracked: tracking, optIn, time, commandTimeout }, clock, onEnd);
}

async function within<T>(patience: number, work: () => Promise<T>): Promise<T> {
  let stop = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const error = new CacheBackendError('the Redis server does not answer', { timedOut: true });
    stop = impatiently(patience, () => reject(error));
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    stop();
  }
}

/** Whether a server that answers like this may do with less than it was asked for. */
function asksForLess(error: unknown): boolean {
  return (
    isServerAnswer(error) &&
    /^(ERR|NOPERM|NOPROTO)/.test(error.message) &&
    !/AUTH|max number of clients/.test(error.message)
  );
}

async function trackOnDemand(client: RedisClient): Promise<void> {
  await Promise.all([
    client.sendCommand(['CLIENT', 'TRACKING', 'OFF']),
    client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'OPTIN']),
  ]);
}

function asBackendError(error: unknown): CacheBackendError {
  if (error instanceof CacheBackendError) return error;
  if (isServerAnswer(error)) return new ServerError(error.message, { cause: error });
  return new CacheBackendError('the Redis server cannot be reached', { cause: error });
}

function reasonOf(error: unknown): string {
  if (error === NO_TRACKING) return 'this kind of client cannot be told of changes';
  return `the server answers ${error instanceof Error ? error.message.split(' ')[0] : 'nothing'}`;
}
