import { CacheBackendError } from '../../../errors/cache.errors.js';
import type { Address, RedisPlace } from '../redis-options.js';
import type { Open } from './link.js';
import { clientMaker, type loadCreateClient } from './load-client.js';
import { openSession, type ConnectionTerms } from './open-session.js';
import type { RedisClient } from './redis-client.js';
import { destroy } from './session.js';

type SentinelPlace = Extract<RedisPlace, { kind: 'sentinel' }>;
type CreateClient = ReturnType<typeof loadCreateClient>;

/** Milliseconds for which one sentinel is asked. */
const PATIENCE = 1_000;

/** Opens sessions with whoever the sentinels say is the master now. */
export function openMaster(place: SentinelPlace, create: CreateClient, terms: ConnectionTerms): Open {
  const { login, tls, database } = place;
  return async (onEnd, unwanted) => {
    const address = await findMaster(place, create, unwanted);
    const make = clientMaker(create, { socket: { ...address, ...secured(tls) }, ...login, database });
    return openSession(make, terms, onEnd, unwanted, { check: assertMaster });
  };
}

/** The first answer counts. */
async function findMaster(place: SentinelPlace, create: CreateClient, unwanted: AbortSignal): Promise<Address> {
  for (const sentinel of place.sentinels) {
    if (unwanted.aborted) break;
    const address = await askSentinel(sentinel, place, create, unwanted).catch(() => undefined);
    if (address !== undefined) return address;
  }
  throw new CacheBackendError('no sentinel knows of a Redis master of that name');
}

async function askSentinel(
  sentinel: Address,
  { name, sentinelLogin, sentinelTls }: SentinelPlace,
  create: CreateClient,
  unwanted: AbortSignal,
): Promise<Address | undefined> {
  const make = clientMaker(create, { socket: { ...sentinel, ...secured(sentinelTls) }, ...sentinelLogin });
  const client = make({ RESP: 2, tracking: false }, PATIENCE);
  client.on('error', () => {});
  const stop = (): void => destroy(client);
  const timer = setTimeout(stop, PATIENCE).unref();
  unwanted.addEventListener('abort', stop);
  try {
    await client.connect();
    const answer = (await client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])) as [string, string] | null;
    return answer === null ? undefined : { host: answer[0], port: Number(answer[1]) };
  } finally {
    clearTimeout(timer);
    unwanted.removeEventListener('abort', stop);
    destroy(client);
  }
}

/** Sentinels may not know yet that a master has become a replica, or be asked a moment too early. */
async function assertMaster(client: RedisClient): Promise<void> {
  const [role] = (await client.sendCommand(['ROLE'])) as [string];
  if (role !== 'master') throw new CacheBackendError('the server that the sentinels name is not a master');
}

export function secured(tls: object | undefined): object {
  return tls === undefined ? {} : { ...tls, tls: true };
}
