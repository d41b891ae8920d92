import { CacheOptionsError } from '../errors/cache.errors.js';
import type { Address } from '../stores/redis/redis-options.js';
import { hostOf } from './address.js';

/** What a URL says of a server; undefined for what it does not say. */
export interface RedisUrl {
  readonly address: (Partial<Address> & { readonly host: string }) | { readonly path: string };
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly ssl: boolean;
}

const EXAMPLE = 'such as redis://user:password@host:6379/0 (user and password percent-encoded)';
/** The largest number of a database that a URL may name. */
const LAST_DATABASE = 65_535;

/**
 * Reads `redis://…`, `rediss://…` (encrypted), `unix:///path?db=0` and `redis+unix:///path?db=0`.
 * @param name how the error names it
 * @throws {CacheOptionsError} which repeats nothing of a URL but its scheme, since it may hold credentials.
 */
export function readRedisUrl(text: unknown, name: string): RedisUrl {
  if (typeof text !== 'string') throw unreadable(name, 'is no text');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (/[\s\p{Cc}#]/u.test(text)) throw unreadable(name, "has a '#', a space or a control character");
  if (scheme === 'redis' || scheme === 'rediss') return readNetwork(text, scheme === 'rediss', name);
  if (scheme === 'unix' || scheme === 'redis+unix') return readUnix(text, name);
  throw new CacheOptionsError(`${name} must be a URL that begins with redis://, rediss:// or unix://, ${EXAMPLE}`);
}

function readNetwork(text: string, ssl: boolean, name: string): RedisUrl {
  const url = URL.canParse(text) && /^\w+:\/\//.test(text) ? new URL(text) : undefined;
  const host = hostOf(url?.hostname ?? '');
  if (url === undefined || host === undefined) throw unreadable(name, 'cannot be read');
  if (url.search !== '') throw unreadable(name, 'has parameters: what they say is said by options of the cache');
  const port = url.port === '' ? {} : { port: Number(url.port) };
  if (port.port === 0) throw unreadable(name, 'has the port 0');
  return {
    address: { host, ...port },
    username: decoded(url.username, name),
    password: decoded(url.password, name),
    database: readDatabase(/^\/?$/.test(url.pathname) ? undefined : url.pathname.slice(1), name),
    ssl,
  };
}

function readUnix(text: string, name: string): RedisUrl {
  const match = /^[a-z+]+:\/\/(\/[^?]+)(?:\?db=([^&]*))?$/i.exec(text);
  const path = match === null ? undefined : decoded(match[1]!, name);
  if (path === undefined || path.includes('\0')) throw unreadable(name, 'cannot be read');
  const database = readDatabase(match![2], name);
  return { address: { path }, username: undefined, password: undefined, database, ssl: false };
}

function readDatabase(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) <= LAST_DATABASE) return Number(text);
  throw unreadable(name, 'has something else where the number of the database is expected');
}

function decoded(text: string, name: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    throw unreadable(name, 'is not percent-encoded');
  }
}

function unreadable(name: string, what: string): CacheOptionsError {
  return new CacheOptionsError(`${name} ${what}; it must be a URL ${EXAMPLE}`);
}
