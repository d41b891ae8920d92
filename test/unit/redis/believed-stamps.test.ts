import { expect, it } from 'vitest';
import { BelievedStamps } from '../../../lib/stores/redis/believed-stamps.js';
import type { RedisBackend } from '../../../lib/stores/redis/redis.backend.js';

/** A server on which somebody removes every stamp as soon as it is made, as an invalidation does. */
function backend(made: string[], split: boolean, likely?: Buffer): RedisBackend {
  const demand = async (name: string, candidate: Buffer): Promise<Buffer> => {
    made.push(`${name} ${candidate.toString('hex')}`);
    return candidate;
  };
  return {
    commands: { split },
    names: { tag: (tag: string) => `tag ${tag}` },
    stamps: { known: () => undefined, likely: () => likely, demand },
  } as unknown as RedisBackend;
}

const LIFE = { ttl: 1_000, grace: 0 };

it('offers another stamp whenever it asks again: one that an invalidation removed never comes back', async () => {
  const made: string[] = [];
  const stamps = new BelievedStamps(backend(made, true), 'ns', ['a', 'b'], LIFE);
  for (let round = 0; round < 3; round += 1) await stamps.ask();
  expect(made).toHaveLength(9);
  expect(new Set(made).size).toBe(9);
});

it('offers what it believes the first time only, where one server checks it', () => {
  const stamps = new BelievedStamps(backend([], false), 'ns', ['a'], LIFE);
  const [first, second] = [stamps.parameters(), stamps.parameters()];
  expect(first[0]).toEqual(first[1]);
  expect(second[0]).toEqual(first[0]);
  expect(second[1]).not.toEqual(first[1]);
  expect(second[3]).not.toEqual(first[3]);
});

it('never offers what the server had last, which an invalidation may have removed', () => {
  const had = Buffer.from('0123456789abcdef');
  const stamps = new BelievedStamps(backend([], false, had), 'ns', [], LIFE);
  for (let round = 0; round < 2; round += 1) {
    const [believed, offered] = stamps.parameters();
    expect(believed).toEqual(had);
    expect(offered).not.toEqual(had);
  }
});
