import { expect, it } from 'vitest';
import { CacheTypeError } from '../../../lib/errors/cache.errors.js';
import { attempt, concurrently, draft, MISS, TTL, type StoreRig } from './rig.js';

const fresh = { ttl: TTL, grace: 0, tags: [] };

const NO_NUMBERS: [string, unknown][] = [
  ['a text', 'abc'],
  ['a text of digits', '5'],
  ['null', null],
  ['undefined', undefined],
  ['true', true],
  ['a bigint', 1n],
  ['an object', { n: 1 }],
  ['a list', [1]],
  ['a date', new Date(0)],
];

export function counterContract(rig: StoreRig): void {
  it('D11 an increment of what is absent starts at 0', async () => {
    expect(await rig.space().increment('n', 1, fresh)).toBe(1);
    expect(await rig.space().increment('n', 4, fresh)).toBe(5);
    expect(await rig.space().increment('n', -7, fresh)).toBe(-2);
    expect(await rig.space().increment('n', 0.5, fresh)).toBe(-1.5);
    expect(await rig.hit('n')).toBe(-1.5);
  });

  it('an increment by 0 of what is absent stores 0', async () => {
    expect(await rig.space().increment('n', 0, fresh)).toBe(0);
    expect(await rig.hit('n')).toBe(0);
  });

  it('D11 an increment of what has expired starts at 0, with the ttl and tags of the draft', async () => {
    await rig.space().write('n', draft(10, { ttl: 1_000, tags: ['old'] }));
    rig.clock.advance(1_000);
    expect(await rig.space().increment('n', 1, { ttl: 3_000, grace: 0, tags: ['new'] })).toBe(1);
    await rig.store.invalidateTags(['old']);
    rig.clock.advance(2_999);
    expect(await rig.hit('n')).toBe(1);
    await rig.store.invalidateTags(['new']);
    expect(await rig.hit('n')).toBe(MISS);
  });

  it('an increment of what was invalidated or cleared starts at 0', async () => {
    await rig.space().write('n', draft(10, { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    expect(await rig.space().increment('n', 1, fresh)).toBe(1);
    await rig.space().clear();
    expect(await rig.space().increment('n', 1, fresh)).toBe(1);
  });

  it('D12 a later increment changes neither ttl nor grace nor tags', async () => {
    await rig.space().increment('n', 1, { ttl: 1_000, grace: 500, tags: ['own'] });
    rig.clock.advance(600);
    expect(await rig.space().increment('n', 1, { ttl: 5_000_000, grace: 9_000, tags: ['foreign'] })).toBe(2);
    await rig.store.invalidateTags(['foreign']);
    const entry = (await rig.space().read('n', rig.clock.now()))!;
    expect(entry.value).toBe(2);
    expect(entry.expiresAt - rig.clock.now()).toBe(400);
    expect(entry.staleUntil - entry.expiresAt).toBe(500);
    rig.clock.advance(400);
    expect(await rig.hit('n')).toBe(MISS);
  });

  it('D12 a written number is counted on with its own ttl and tags', async () => {
    await rig.space().write('n', draft(41, { ttl: 1_000, tags: ['t'] }));
    expect(await rig.space().increment('n', 1, fresh)).toBe(42);
    rig.clock.advance(999);
    expect(await rig.hit('n')).toBe(42);
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('n')).toBe(MISS);
  });

  it.each(NO_NUMBERS)('D15 an increment of %s is a CacheTypeError, and the value stays', async (_, value) => {
    await rig.space().write('n', draft(value));
    await expect(attempt(() => rig.space().increment('n', 1, fresh))).rejects.toBeInstanceOf(CacheTypeError);
    expect(await rig.hit('n')).toStrictEqual(value);
  });

  it('D15 what is no number but has expired does not stop a count', async () => {
    await rig.space().write('n', draft('abc', { ttl: 1_000, grace: 5_000 }));
    rig.clock.advance(1_000);
    expect(await rig.space().increment('n', 3, fresh)).toBe(3);
  });

  it('D14 of 800 concurrent increments through two handles none is lost', async () => {
    const seen = await concurrently(16, async (writer) => {
      const space = (writer % 2 === 0 ? rig.store : rig.other).space('ns');
      const own: number[] = [];
      for (let i = 0; i < 50; i += 1) own.push(await space.increment('n', 1, fresh));
      return own;
    });
    expect(await rig.hit('n')).toBe(800);
    expect(new Set(seen.flat()).size).toBe(800);
  });
}
