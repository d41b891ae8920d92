import { isIPv6 } from 'node:net';
import { assertOptions } from '../cache/arguments.js';
import type { Address } from '../stores/redis/redis-options.js';
import { record, whole, wrongKind } from './checks.js';

/** The name or address of a host, an address of IPv6 without its brackets; undefined for anything else. */
export function hostOf(text: string): string | undefined {
  const bare = text.replace(/^\[(.+)\]$/, '$1');
  if (isIPv6(bare)) return bare;
  return text.isWellFormed() && /^[^\s\p{Cc}:/@?#%,[\]]+$/u.test(text) ? text : undefined;
}

/** @throws {CacheOptionsError} which does not repeat what was given: it may be a URL with credentials. */
export function host(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined;
  const found = typeof value === 'string' ? hostOf(value) : undefined;
  if (found !== undefined) return found;
  const expected = "the name or address of a host, such as 'localhost', without port (for a URL there is url)";
  throw wrongKind(option, expected, value);
}

export function port(value: unknown, option: string): number | undefined {
  return whole(value, option, 1, 65_535);
}

/** `{ host, port }`. @param defaultPort without one, a port has to be given. */
export function address(given: Readonly<Record<string, unknown>>, option: string, defaultPort?: number): Address {
  assertOptions(given, ['host', 'port'], `BlossomCacheModule: ${option}`);
  const name = host(given['host'], `${option}.host`);
  const number = port(given['port'], `${option}.port`) ?? defaultPort;
  if (name === undefined) throw wrongKind(`${option}.host`, 'given', name);
  if (number === undefined) throw wrongKind(`${option}.port`, 'given', number);
  return Object.freeze({ host: name, port: number });
}

/** Where nodes are reached that announce other addresses. */
export function natMap(given: unknown, option: string): Readonly<Record<string, Address>> | undefined {
  if (given === undefined) return undefined;
  const reached = "{ host: 'localhost', port: 7000 }";
  const entries = Object.entries(record(given, option, `{ '10.0.0.1:6379': ${reached} }`)).map(([announced, to]) => {
    const name = `${option}['${announced}']`;
    return [announced, address(record(to, name, reached), name)] as const;
  });
  return Object.freeze(Object.fromEntries(entries));
}
