import { isIPv6 } from 'node:net';
import { assertOptions } from '../cache/arguments.js';
import type { Address } from '../stores/redis/redis-options.js';
import { address } from './address.js';
import { record, wrongKind } from './checks.js';
import { saidBySocket, saidByUrl, type Said } from './connection.js';
import { readRedisUrl } from './redis-url.js';

/** One of several servers, and what was said besides. */
export interface Node {
  readonly address: Address;
  readonly said: Said;
}

const SHAPES = "'host:port', a URL, { host, port }, { url } or { socket: { host, port } }";

/**
 * A list of servers, in any of the ways that clients of Redis have.
 * @throws {CacheOptionsError} naming the one that cannot be read.
 */
export function readNodes(given: unknown, option: string, defaultPort: number): readonly Node[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw wrongKind(option, `an array with one or more of ${SHAPES}`, given);
  }
  return given.map((node: unknown, index) => readNode(node, `${option}[${index}]`, defaultPort));
}

function readNode(node: unknown, option: string, defaultPort: number): Node {
  if (typeof node === 'string' && node.includes('://')) return byUrl(node, option, defaultPort);
  if (typeof node === 'string') return byText(node, option, defaultPort);
  const given = record(node, option, SHAPES);
  if (given['url'] !== undefined) {
    assertOptions(given, ['url'], `BlossomCacheModule: ${option}`);
    return byUrl(given['url'], `${option}.url`, defaultPort);
  }
  if (given['socket'] !== undefined) {
    assertOptions(given, ['socket'], `BlossomCacheModule: ${option}`);
    return bySocket(given['socket'], `${option}.socket`, defaultPort);
  }
  return { address: address(given, option, defaultPort), said: { option: () => option } };
}

function byUrl(given: unknown, option: string, defaultPort: number): Node {
  const url = readRedisUrl(given, `BlossomCacheModule: ${option}`);
  if ('path' in url.address || (url.database ?? 0) !== 0) {
    throw wrongKind(option, 'the URL of a server in a network, without a database', given);
  }
  return { address: Object.freeze({ port: defaultPort, ...url.address }), said: saidByUrl(url, option) };
}

function bySocket(given: unknown, option: string, defaultPort: number): Node {
  const { host, port, ...others } = record(given, option, "{ host: 'localhost', port: 6379 }");
  const ssl = saidBySocket(others, option);
  return { address: address({ host, port }, option, defaultPort), said: { option: () => option, ssl } };
}

function byText(text: string, option: string, defaultPort: number): Node {
  const [, host, port] = /^(.*?)(?::(\d+))?$/s.exec(isIPv6(text) ? `[${text}]` : text)!;
  const given = port === undefined ? { host } : { host, port: Number(port) };
  return { address: address(given, option, defaultPort), said: { option: () => option } };
}
