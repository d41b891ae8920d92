import { isIPv6 } from 'node:net';
import type { CodecOptions } from '../codec/codec.js';
import type { Address, RedisPlace } from '../stores/redis/redis-options.js';
import { MEGABYTE } from './checks.js';
import type { ResolvedOptions, Tiers } from './resolve-options.js';

/** What the boot log says of a cache: never who it is to a server. */
export function describeOptions({ name = 'default', enabled, ttl, tiers }: ResolvedOptions): string {
  if (!enabled) return `cache '${name}': off, nothing is stored`;
  const lifetime = `ttl ${ttl === Infinity ? 'for ever' : `${ttl / 1_000} s`}`;
  const described = [
    describeMemory(tiers),
    describeFile(tiers),
    describeRedis(tiers),
    describeForeign(tiers),
    describeStandIn(tiers),
  ];
  const shown = described.filter((tier) => tier !== undefined);
  return `cache '${name}': ${shown.map(([tier, about]) => `${tier} (${about}, ${lifetime})`).join(' over ')}`;
}

function describeMemory({ memory }: Tiers): [string, string] | undefined {
  if (memory === undefined) return undefined;
  const limits = [
    ...(memory.maxSize === Infinity ? [] : [`at most ${memory.maxSize} entries`]),
    ...(memory.maxBytes === Infinity ? [] : [`at most ${memory.maxBytes / MEGABYTE} MB`]),
  ];
  return ['memory', `${memory.evictionPolicy}, ${limits.join(', ') || 'no limit'}`];
}

function describeFile({ file }: Tiers): [string, string] | undefined {
  if (file === undefined) return undefined;
  const { store, codec } = file;
  const size = `at most ${store.maxBytes / MEGABYTE} MB`;
  return ['file', `${store.directory}, ${store.evictionPolicy}, ${size}${encrypted(codec)}`];
}

function describeRedis({ redis }: Tiers): [string, string] | undefined {
  if (redis === undefined) return undefined;
  const { place } = redis.store;
  const tls = place.kind !== 'client' && place.tls !== undefined ? ', tls' : '';
  return ['redis', describePlace(place) + tls + encrypted(redis.codec)];
}

function describePlace(place: RedisPlace): string {
  switch (place.kind) {
    case 'client':
      return 'a client of the application';
    case 'cluster':
      return `cluster of ${place.nodes.map(hostAndPort).join(', ')}`;
    case 'sentinel': {
      const database = place.database === 0 ? '' : `database ${place.database} of `;
      return `${database}master '${place.name}' by sentinels ${place.sentinels.map(hostAndPort).join(', ')}`;
    }
    case 'single': {
      const { address, database } = place;
      return 'path' in address
        ? `unix://${address.path}?db=${database}`
        : `redis://${hostAndPort(address)}/${database}`;
    }
  }
}

function hostAndPort({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function describeForeign({ foreign }: Tiers): [string, string] | undefined {
  if (foreign === undefined) return undefined;
  return [foreign.store.backend, `a store of the application${encrypted(foreign.codec)}`];
}

function describeStandIn({ standIn }: Tiers): [string, string] | undefined {
  return standIn === undefined ? undefined : ['memory', `for tests, in the place of ${standIn.for}`];
}

function encrypted({ keys }: CodecOptions): string {
  return keys.length > 0 ? ', encrypted' : '';
}
