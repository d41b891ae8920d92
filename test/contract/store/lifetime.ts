import { expect, it } from 'vitest';
import { draft, MISS, type StoreRig } from './rig.js';

export function lifetimeContract(rig: StoreRig): void {
  it('B7 an entry is a hit until the last millisecond of its ttl, and a miss at its end', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000 }));
    rig.clock.advance(999);
    expect(await rig.hit('k')).toBe('v');
    rig.clock.advance(1);
    expect(await rig.hit('k')).toBe(MISS);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('B6 a ttl may be a fraction', async () => {
    await rig.space().write('k', draft('v', { ttl: 100.5 }));
    rig.clock.advance(100);
    expect(await rig.hit('k')).toBe('v');
    rig.clock.advance(1);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('B3 a ttl of Infinity never ends', async () => {
    await rig.space().write('k', draft('v', { ttl: Infinity }));
    rig.clock.advance(100 * 365 * 86_400_000);
    expect(await rig.hit('k')).toBe('v');
    expect((await rig.space().read('k', rig.clock.now()))!.expiresAt).toBe(Infinity);
  });

  it('a ttl longer than a 32-bit timer can wait is kept', async () => {
    await rig.space().write('k', draft('v', { ttl: 60 * 86_400_000 }));
    rig.clock.advance(59 * 86_400_000);
    expect(await rig.hit('k')).toBe('v');
    rig.clock.advance(86_400_000);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each([0, -1, -Infinity])('B1 a ttl of %d stores nothing and removes what is there', async (ttl) => {
    const space = rig.space();
    await space.writeMany(
      new Map(['write', 'many', 'swap', 'lease'].map((key) => [key, draft('old', { grace: 5_000 })])),
    );
    await space.write('write', draft('new', { ttl, grace: 5_000 }));
    await space.writeMany(
      new Map([
        ['many', draft('new', { ttl })],
        ['absent', draft('new', { ttl })],
      ]),
    );
    expect((await space.swap('swap', draft('new', { ttl })))?.value).toBe('old');
    await (await rig.lease('lease', [], 'refresh')).commit(draft('new', { ttl }));
    for (const key of ['write', 'many', 'absent', 'swap', 'lease']) expect(await rig.held(key)).toBe(MISS);
  });

  it.each([0, -1])('B1 an add with a ttl of %d stores nothing, and says so', async (ttl) => {
    expect(await rig.space().add('k', draft('v', { ttl, grace: 5_000 }))).toBe(false);
    expect(await rig.held('k')).toBe(MISS);
  });

  it('B1 an increment with a ttl of 0 counts from 0 each time and stores nothing', async () => {
    const nothing = { ttl: 0, grace: 0, tags: [] };
    expect(await rig.space().increment('n', 2, nothing)).toBe(2);
    expect(await rig.space().increment('n', 2, nothing)).toBe(2);
    expect(await rig.held('n')).toBe(MISS);
  });

  it('an expired entry is read until its grace ends, and tells that it is not fresh', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: 500 }));
    rig.clock.advance(1_000);
    const stale = await rig.space().read('k', rig.clock.now());
    expect(stale?.value).toBe('v');
    expect(stale!.expiresAt).toBeLessThanOrEqual(rig.clock.now());
    rig.clock.advance(499);
    expect((await rig.space().readMany(['k'], rig.clock.now())).get('k')?.value).toBe('v');
    rig.clock.advance(1);
    expect(await rig.held('k')).toBe(MISS);
    expect((await rig.space().readMany(['k'], rig.clock.now())).size).toBe(0);
  });

  it('grace without end keeps an expired entry', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000, grace: Infinity }));
    rig.clock.advance(100 * 365 * 86_400_000);
    expect(await rig.hit('k')).toBe(MISS);
    expect(await rig.held('k')).toBe('v');
  });

  it('an entry that is only stale ends for good when its tag is invalidated or its namespace cleared', async () => {
    await rig.space().write('tagged', draft('v', { ttl: 1_000, grace: 5_000, tags: ['t'] }));
    await rig.space().write('cleared', draft('v', { ttl: 1_000, grace: 5_000 }));
    rig.clock.advance(2_000);
    await rig.store.invalidateTags(['t']);
    expect(await rig.held('tagged')).toBe(MISS);
    expect(await rig.held('cleared')).toBe('v');
    await rig.space().clear();
    expect(await rig.held('cleared')).toBe(MISS);
  });

  it.each([
    ['expired', 0],
    ['expired, but stale within its grace', 10_000],
  ])('an entry that is %s is not there for what changes entries', async (_, grace) => {
    const space = rig.space();
    const keys = ['add', 'swap', 'remove', 'many', 'take', 'count', 'touch'];
    await space.writeMany(new Map(keys.map((key) => [key, draft(7, { ttl: 1_000, grace })])));
    rig.clock.advance(1_000);
    expect(await space.touch('touch', 60_000)).toBe(false);
    expect(await rig.hit('touch')).toBe(MISS);
    expect(await space.add('add', draft('new'))).toBe(true);
    expect(await rig.hit('add')).toBe('new');
    expect(await space.swap('swap', draft('new'))).toBeUndefined();
    expect(await rig.hit('swap')).toBe('new');
    expect(await space.increment('count', 1, draft(0))).toBe(1);
    expect(await rig.hit('count')).toBe(1);
    expect(await space.remove('remove')).toBe(false);
    expect(await space.removeMany(['many'])).toEqual([]);
    expect(await space.take('take')).toBeUndefined();
    for (const key of ['remove', 'many', 'take']) expect(await rig.held(key)).toBe(MISS);
  });

  it('A16 touch gives a new end counted from now', async () => {
    await rig.space().write('longer', draft('v', { ttl: 1_000 }));
    await rig.space().write('shorter', draft('v', { ttl: 50_000 }));
    rig.clock.advance(900);
    expect(await rig.space().touch('longer', 1_000)).toBe(true);
    expect(await rig.space().touch('shorter', 10)).toBe(true);
    rig.clock.advance(10);
    expect(await rig.hits(['longer', 'shorter'])).toEqual(['longer']);
    rig.clock.advance(989);
    expect(await rig.hit('longer')).toBe('v');
    rig.clock.advance(1);
    expect(await rig.hit('longer')).toBe(MISS);
  });

  it('A16 touch leaves value, tags and grace as they are', async () => {
    await rig.space().write('k', draft({ deep: [1] }, { ttl: 1_000, grace: 500, tags: ['t'] }));
    expect(await rig.space().touch('k', 3_000)).toBe(true);
    const entry = (await rig.space().read('k', rig.clock.now()))!;
    expect(entry.value).toEqual({ deep: [1] });
    expect(entry.tags).toEqual(['t']);
    expect(entry.staleUntil - entry.expiresAt).toBe(500);
    await rig.store.invalidateTags(['t']);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it('touch with Infinity keeps an entry for ever, and can be taken back', async () => {
    await rig.space().write('k', draft('v', { ttl: 1_000 }));
    expect(await rig.space().touch('k', Infinity)).toBe(true);
    rig.clock.advance(10_000_000);
    expect(await rig.hit('k')).toBe('v');
    expect(await rig.space().touch('k', 1_000)).toBe(true);
    rig.clock.advance(1_000);
    expect(await rig.hit('k')).toBe(MISS);
  });

  it.each([0, -1])('B1 touch with %d removes the entry that was there', async (ttl) => {
    await rig.space().write('k', draft('v', { grace: 1_000 }));
    expect(await rig.space().touch('k', ttl)).toBe(true);
    expect(await rig.held('k')).toBe(MISS);
    expect(await rig.space().touch('k', 1_000)).toBe(false);
  });

  it('A16 touch does not bring back what was removed, invalidated or cleared', async () => {
    const space = rig.space();
    await space.writeMany(new Map(['removed', 'tagged'].map((key) => [key, draft('v', { tags: [key] })])));
    await rig.space('gone').write('cleared', draft('v'));
    await space.remove('removed');
    await rig.store.invalidateTags(['tagged']);
    await rig.space('gone').clear();
    expect(await space.touch('removed', 1_000)).toBe(false);
    expect(await space.touch('tagged', 1_000)).toBe(false);
    expect(await rig.space('gone').touch('cleared', 1_000)).toBe(false);
    for (const key of ['removed', 'tagged']) expect(await rig.held(key)).toBe(MISS);
    expect(await rig.held('cleared', 'gone')).toBe(MISS);
  });
}
