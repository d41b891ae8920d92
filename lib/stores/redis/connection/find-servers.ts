import type { RedisPlace } from '../redis-options.js';
import { openBorrowed } from './borrowed.js';
import { Cluster } from './cluster.js';
import { clientMaker, loadCreateClient } from './load-client.js';
import { OneServer } from './one-server.js';
import { openSession, type ConnectionTerms } from './open-session.js';
import { openMaster, secured } from './sentinel.js';
import type { Servers } from './servers.js';

/**
 * Begins to connect to where the entries are.
 * @throws {CacheOptionsError} where no client library is installed
 */
export function findServers(place: RedisPlace, terms: ConnectionTerms): Servers {
  const { commandTimeout: patience } = terms;
  if (place.kind === 'client') {
    const { open, split } = openBorrowed(place.client, terms);
    return new OneServer(open, patience, split);
  }
  const create = loadCreateClient();
  if (place.kind === 'sentinel') return new OneServer(openMaster(place, create, terms), patience);
  const { login, tls } = place;
  if (place.kind === 'single') {
    const socket = { ...place.address, ...secured(tls) };
    const make = clientMaker(create, { socket, ...login, database: place.database });
    return new OneServer((onEnd, unwanted) => openSession(make, terms, onEnd, unwanted), patience);
  }
  return new Cluster({
    nodes: place.nodes,
    natMap: place.natMap ?? {},
    open: (address) => {
      const make = clientMaker(create, { socket: { ...address, ...secured(tls) }, ...login });
      return (onEnd, unwanted) => openSession(make, terms, onEnd, unwanted);
    },
    tracking: terms.tracking,
    patience,
  });
}
