import type { ConnectionOptions } from 'node:tls';
import { assertOptions } from '../cache/arguments.js';
import type { Login } from '../stores/redis/redis-options.js';
import { contradiction, record, secretText, whole, wrongKind } from './checks.js';
import type { RedisUrl } from './redis-url.js';

/** What one place in the options says about who connects and how. */
export interface Said {
  /** How errors name that place. */
  readonly option: (what: Saying) => string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
  readonly ssl?: boolean | ConnectionOptions | undefined;
}

type Saying = 'username' | 'password' | 'database' | 'ssl';

const LAST_DATABASE = 65_535;

/** What says nothing about where to connect to. */
const TLS_OPTIONS = [
  'ALPNProtocols', 'allowPartialTrustChain', 'ca', 'cert', 'checkServerIdentity', 'ciphers', 'crl', 'dhparam',
  'ecdhCurve', 'enableTrace', 'honorCipherOrder', 'key', 'maxVersion', 'minDHSize', 'minVersion', 'passphrase', 'pfx',
  'pskCallback', 'rejectUnauthorized', 'secureContext', 'secureOptions', 'secureProtocol', 'servername', 'session',
  'sessionIdContext', 'sessionTimeout', 'sigalgs', 'ticketKeys',
] as const satisfies readonly (keyof ConnectionOptions)[]; // prettier-ignore

/** The options of a connection that stand beside each other. @param option how errors name each */
export function saidFlat(options: Partial<Record<Saying, unknown>>, option: Said['option']): Said {
  return {
    option,
    username: secretText(options.username, option('username')),
    password: secretText(options.password, option('password')),
    database: whole(options.database, option('database'), 0, LAST_DATABASE),
    ssl: ssl(options.ssl, option('ssl')),
  };
}

/** What a URL says. */
export function saidByUrl(url: RedisUrl, option: string): Said {
  const { username, password, database, ssl } = url;
  return { option: () => option, username, password, database, ssl };
}

/** What node-redis calls the options of a client: `{ username, password, socket: { tls } }`. */
export function saidByClientOptions(given: unknown, option: string, known: readonly string[] = []): Said {
  if (given === undefined) return { option: () => option };
  const options = record(given, option, "{ password: '…', socket: { tls: true } }");
  assertOptions(options, ['username', 'password', 'socket', ...known], `BlossomCacheModule: ${option}`);
  const { socket, ...others } = options;
  const said = saidFlat(others, (what) => (what === 'ssl' ? `${option}.socket` : `${option}.${what}`));
  if (socket === undefined) return said;
  return { ...said, ssl: saidBySocket(record(socket, `${option}.socket`, '{ tls: true }'), `${option}.socket`) };
}

/** node-redis's `socket`, without what it says about where. */
export function saidBySocket({ tls, ...others }: Readonly<Record<string, unknown>>, option: string): Said['ssl'] {
  const named = Object.keys(others).length > 0;
  if (tls !== undefined && typeof tls !== 'boolean') throw wrongKind(`${option}.tls`, 'true or false', tls);
  assertOptions(others, TLS_OPTIONS, `BlossomCacheModule: ${option}`);
  if (tls !== true && named) throw wrongKind(`${option}.tls`, 'true where there are options of TLS beside it', tls);
  return named ? (others as ConnectionOptions) : tls;
}

/** Whether connections are encrypted, and how. */
function ssl(value: unknown, option: string): boolean | ConnectionOptions | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  const options = record(value, option, "{ ca: '…' }, or true or false");
  assertOptions(options, TLS_OPTIONS, `BlossomCacheModule: ${option}`);
  return options as ConnectionOptions;
}

/** What all places together say; the same may be said twice. @throws {CacheOptionsError} naming two that disagree. */
export function agreed<S extends Saying>(what: S, places: readonly Said[]): Said[S] {
  const telling = places.filter((place) => place[what] !== undefined);
  const first = telling[0];
  const other = telling.find((place) => place[what] !== first![what]);
  if (other === undefined) return first?.[what];
  throw contradiction(first!.option(what), other.option(what), `both give the ${what}, and not the same`);
}

export function agreedLogin(places: readonly Said[]): Login {
  return Object.freeze({ username: agreed('username', places), password: agreed('password', places) });
}

/** Options of TLS where connections are to be encrypted: one place may say so, and another one how. */
export function agreedTls(places: readonly Said[]): ConnectionOptions | undefined {
  const whether = places.map((place) => ({ ...place, ssl: place.ssl === undefined ? undefined : place.ssl !== false }));
  if (agreed('ssl', whether) !== true) return undefined;
  const how = places.map((place) => ({ ...place, ssl: typeof place.ssl === 'object' ? place.ssl : undefined }));
  return Object.freeze({ ...(agreed('ssl', how) as ConnectionOptions | undefined) });
}
