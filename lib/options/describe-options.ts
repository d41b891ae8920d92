import { MEGABYTE } from './checks.js';
import type { ResolvedOptions, Tiers } from './resolve-options.js';

/** What the boot log says of a cache. */
export function describeOptions({ name = 'default', enabled, ttl, tiers }: ResolvedOptions): string {
  if (!enabled) return `cache '${name}': off, nothing is stored`;
  const lifetime = `ttl ${ttl === Infinity ? 'for ever' : `${ttl / 1_000} s`}`;
  const shown = [describeMemory(tiers), describeFile(tiers)].filter((tier) => tier !== undefined);
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
  const encrypted = codec.keys.length > 0 ? ', encrypted' : '';
  return ['file', `${store.directory}, ${store.evictionPolicy}, at most ${store.maxBytes / MEGABYTE} MB${encrypted}`];
}
