import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheEvents } from '../dist/events/cache-events.js';
import { MemoryStore } from '../dist/stores/memory/memory.store.js';

/** Numbers in [0, 1) that are the same in every run (xorshift, Marsaglia 2003). */
function random(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Zipf-distributed keys, the way most caches are used; `shifts` times the favourites change. */
function zipf({ reads, keys, exponent, shifts = 1 }) {
  const next = random(12_345);
  const cumulated = [];
  let total = 0;
  for (let rank = 1; rank <= keys; rank += 1) cumulated.push((total += rank ** -exponent));
  return Array.from({ length: reads }, (_, i) => {
    const at = next() * total;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulated[middle] < at) low = middle + 1;
      else high = middle;
    }
    return String((low + Math.floor((i * shifts) / reads) * 10_007) % keys);
  });
}

function lines(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && line !== '*');
}

function words(file) {
  const bytes = readFileSync(file);
  return Array.from({ length: bytes.length / 4 }, (_, i) => String(bytes.readUInt32BE(4 * i)));
}

function ratio(trace, size, evictionPolicy) {
  const clock = { now: () => 0, after: () => () => {} };
  const options = { maxSize: size, maxBytes: Infinity, evictionPolicy, isolation: 'reference' };
  const space = new MemoryStore(options, new CacheEvents(() => {}), clock).space('');
  let hits = 0;
  for (const key of trace) {
    if (space.read(key, 0) !== undefined) hits += 1;
    else space.write(key, { value: 1, ttl: Infinity, grace: 0, tags: [] });
  }
  return +((100 * hits) / trace.length).toFixed(2);
}

/** Hits of each policy, in per cent, on generated and, where there are any, recorded sequences of keys. */
export function hitRatios(folder) {
  const traces = [
    { name: 'Zipf 0.99 @1000', size: 1_000, read: () => zipf({ reads: 1e6, keys: 1e5, exponent: 0.99 }) },
    {
      name: 'Zipf that shifts ten times @1000',
      size: 1_000,
      read: () => zipf({ reads: 1e6, keys: 1e5, exponent: 0.99, shifts: 10 }),
    },
    { name: 'loop of 1100 @1000', size: 1_000, read: () => Array.from({ length: 1e5 }, (_, i) => String(i % 1_100)) },
    ...recorded(folder),
  ];
  return Object.fromEntries(
    traces.map(({ name, size, read }) => {
      const trace = read();
      return [name, Object.fromEntries(['fifo', 'lru', 'lfu'].map((policy) => [policy, ratio(trace, size, policy)]))];
    }),
  );
}

function recorded(folder) {
  if (folder === undefined || !existsSync(folder)) return [];
  return [
    { name: 'gli @500', size: 500, read: () => lines(join(folder, 'gli.txt')) },
    { name: 'sprite @500', size: 500, read: () => lines(join(folder, 'sprite.txt')) },
    { name: 'web12 @1200', size: 1_200, read: () => words(join(folder, 'web12.bin')) },
  ];
}
