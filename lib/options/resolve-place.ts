import { assertOptions } from '../cache/arguments.js';
import type { Address, RedisPlace } from '../stores/redis/redis-options.js';
import { host, natMap, port } from './address.js';
import { contradiction, record, text, wrongKind } from './checks.js';
import { agreed, agreedLogin, agreedTls, saidByClientOptions, saidByUrl, saidFlat, type Said } from './connection.js';
import type { RedisTier } from './options.js';
import { readNodes } from './redis-nodes.js';
import { readRedisUrl } from './redis-url.js';

const PORT = 6_379;
const SENTINEL_PORT = 26_379;
/** Ways to say where the server is, of which one is used. */
const PLACES = ['host', 'url', 'cluster', 'sentinel', 'client'] as const;

/**
 * Which server is meant.
 * @param where what comes before the names of the options in errors
 */
export function resolvePlace(options: RedisTier, where: string): RedisPlace {
  const way = wayOf(options, where);
  if (way === 'client') return ofClient(options, where);
  const said = saidFlat(options, (what) => where + what);
  if (way === 'cluster') return ofCluster(options.cluster, said, where);
  if (way === 'sentinel') return ofSentinel(options.sentinel, said, where);
  return way === 'url' ? ofUrl(options.url, said, where) : ofHost(options, said, where);
}

function wayOf(options: RedisTier, where: string): (typeof PLACES)[number] {
  const hostOrPort = options.host === undefined && options.port !== undefined ? 'port' : 'host';
  const given = PLACES.filter((place) => options[place === 'host' ? hostOrPort : place] !== undefined);
  const [one, other] = given.map((place) => where + (place === 'host' ? hostOrPort : place));
  if (one === undefined || other === undefined) return given[0] ?? 'host';
  throw contradiction(one, other, `give one of ${PLACES.join(', ')}`);
}

function ofHost(options: RedisTier, said: Said, where: string): RedisPlace {
  const address = {
    host: host(options.host, `${where}host`) ?? 'localhost',
    port: port(options.port, `${where}port`) ?? PORT,
  };
  return single(address, [said]);
}

function ofUrl(text: unknown, said: Said, where: string): RedisPlace {
  const url = readRedisUrl(text, `BlossomCacheModule: ${where}url`);
  const { address } = url;
  return single('path' in address ? address : { port: PORT, ...address }, [saidByUrl(url, `${where}url`), said]);
}

function single(address: Address | { readonly path: string }, places: readonly Said[]): RedisPlace {
  return Object.freeze({
    kind: 'single',
    address: Object.freeze(address),
    login: agreedLogin(places),
    tls: agreedTls(places),
    database: agreed('database', places) ?? 0,
  });
}

function ofCluster(given: unknown, said: Said, where: string): RedisPlace {
  const option = `${where}cluster`;
  const cluster = record(given, option, "{ nodes: ['host:6379'] }");
  assertOptions(
    cluster,
    ['nodes', 'natMap', 'rootNodes', 'defaults', 'nodeAddressMap'],
    `BlossomCacheModule: ${option}`,
  );
  const [nodesName, nodes] = either(cluster, 'nodes', 'rootNodes', option);
  const [mapName, map] = either(cluster, 'natMap', 'nodeAddressMap', option);
  const found = readNodes(nodes, nodesName, PORT);
  const places = [
    said,
    saidByClientOptions(cluster['defaults'], `${option}.defaults`),
    ...found.map((node) => node.said),
  ];
  const database = agreed('database', places) ?? 0;
  if (database !== 0)
    throw contradiction(`${where}database`, option, `a cluster has no database but 0; got ${database}`);
  return Object.freeze({
    kind: 'cluster',
    nodes: Object.freeze(found.map(({ address }) => address)),
    login: agreedLogin(places),
    tls: agreedTls(places),
    natMap: natMap(map, mapName),
  });
}

function ofSentinel(given: unknown, said: Said, where: string): RedisPlace {
  const option = `${where}sentinel`;
  const sentinel = record(given, option, "{ name: 'main', sentinels: ['host:26379'] }");
  const known = [
    'name', 'sentinels', 'sentinelUsername', 'sentinelPassword', 'sentinelSsl', 'sentinelRootNodes', 'nodeClientOptions',
    'sentinelClientOptions',
  ]; // prettier-ignore
  assertOptions(sentinel, known, `BlossomCacheModule: ${option}`);
  const name = text(sentinel['name'], `${option}.name`);
  if (name === undefined) throw wrongKind(`${option}.name`, 'what the sentinels call the master', name);
  const [nodesName, nodes] = either(sentinel, 'sentinels', 'sentinelRootNodes', option);
  const found = readNodes(nodes, nodesName, SENTINEL_PORT);
  const ofNodes = [
    said,
    saidByClientOptions(sentinel['nodeClientOptions'], `${option}.nodeClientOptions`, ['database']),
  ];
  const ofSentinels = [
    saidOfSentinels(sentinel, option),
    saidByClientOptions(sentinel['sentinelClientOptions'], `${option}.sentinelClientOptions`),
    ...found.map((node) => node.said),
  ];
  return Object.freeze({
    kind: 'sentinel',
    name,
    sentinels: Object.freeze(found.map(({ address }) => address)),
    sentinelLogin: agreedLogin(ofSentinels),
    sentinelTls: agreedTls(ofSentinels),
    login: agreedLogin(ofNodes),
    tls: agreedTls(ofNodes),
    database: agreed('database', ofNodes) ?? 0,
  });
}

function ofClient(options: RedisTier, where: string): RedisPlace {
  const client: unknown = options.client;
  for (const other of ['username', 'password', 'ssl', 'database'] as const) {
    if (options[other] === undefined) continue;
    throw contradiction(`${where}client`, where + other, 'a client has been told where and how it connects');
  }
  if (isClient(client)) return Object.freeze({ kind: 'client', client });
  throw wrongKind(`${where}client`, 'a client of @redis/client or redis 5 or 6, or of ioredis', client);
}

function isClient(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const { sendCommand, call, callBuffer } = value as Partial<Record<string, unknown>>;
  return [sendCommand, call, callBuffer].some((method) => typeof method === 'function');
}

function saidOfSentinels(sentinel: Readonly<Record<string, unknown>>, where: string): Said {
  const { sentinelUsername: username, sentinelPassword: password, sentinelSsl: ssl } = sentinel;
  const named = {
    username: 'sentinelUsername',
    password: 'sentinelPassword',
    ssl: 'sentinelSsl',
    database: 'database',
  };
  return saidFlat({ username, password, ssl }, (what) => `${where}.${named[what]}`);
}

/** The one of two options with the same meaning that is given, and how errors name it. */
function either(
  options: Readonly<Record<string, unknown>>,
  one: string,
  other: string,
  where: string,
): readonly [name: string, value: unknown] {
  if (options[other] === undefined) return [`${where}.${one}`, options[one]];
  if (options[one] === undefined) return [`${where}.${other}`, options[other]];
  throw contradiction(`${where}.${one}`, `${where}.${other}`, 'they mean the same; give one');
}
