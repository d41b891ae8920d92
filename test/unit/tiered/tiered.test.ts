import { describe, expect, it } from 'vitest';
import { FarBackend, Faults, type FarLink } from '../../support/far-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { draft, Gates, granted, turns } from '../guarded/guarded-rig.js';
import { tiered } from './tiered-rig.js';
import type { Isolation } from '../../../lib/stores/isolation.js';

function open({ isolation, maxSize, ...link }: FarLink & { isolation?: Isolation; maxSize?: number } = {}) {
  const clock = new FakeClock();
  const backend = new FarBackend(clock);
  const faults = new Faults();
  const { store, near, events } = tiered(backend.connect({ fault: faults.fault, ...link }), clock, isolation, maxSize);
  const space = store.space('ns');
  const other = backend.connect().space('ns');
  return {
    clock,
    faults,
    store,
    near,
    space,
    other,
    backend,
    /** How often the far tier was read so far. */
    reads: () => faults.asked.filter((operation) => operation === 'read' || operation === 'readMany').length,
    read: async (key: string) => (await space.read(key, clock.now()))?.value,
    kept: (key: string) => near.space('ns').read(key, clock.now()) !== undefined,
    counts: () => {
      const { near: a, far: b } = events;
      return [a.counts.hit, a.counts.miss, b.counts.hit, b.counts.miss].join(' ');
    },
    errors: () => events.near.counts.error,
  };
}

const later = { hop: async () => {} };

describe.each<[string, FarLink]>([
  ['at once', {}],
  ['later', later],
])('a hit of the far tier, which answers %s,', (_, link) => {
  it('is a hit of the near one the next time, the same entry', async () => {
    const rig = open(link);
    await rig.other.write('k', draft({ a: 1 }, { tags: ['t'], grace: 500 }));
    const first = await rig.space.read('k', rig.clock.now());
    const second = await rig.space.read('k', rig.clock.now());
    expect(second).toBe(first);
    expect(second).toMatchObject({ value: { a: 1 }, tags: ['t'] });
    expect(second!.staleUntil - second!.expiresAt).toBe(500);
    expect(rig.reads()).toBe(1);
    expect(rig.counts()).toBe('1 1 1 0');
  });

  it('keeps its deadline', async () => {
    const rig = open(link);
    await rig.other.write('k', draft('v', { ttl: 10_000 }));
    rig.clock.advance(4_000);
    await rig.read('k');
    rig.clock.advance(5_999);
    expect(await rig.read('k')).toBe('v');
    expect(rig.reads()).toBe(1);
    rig.clock.advance(1);
    expect(await rig.read('k')).toBeUndefined();
    rig.clock.advance(5_000);
    expect((await rig.near.measure()).size).toBe(0);
  });

  it('is kept for ever where it never ends', async () => {
    const rig = open(link);
    await rig.other.write('k', draft('v', { ttl: Infinity, grace: Infinity }));
    await rig.read('k');
    rig.clock.advance(100 * 365 * 86_400_000);
    expect(await rig.read('k')).toBe('v');
    expect(rig.reads()).toBe(1);
  });

  it('is no hit any more once another process changed, removed, cleared or invalidated it', async () => {
    const rig = open(link);
    const far = rig.backend.connect();
    for (const [end, left] of [
      [() => rig.other.write('k', draft('new')), 'new'],
      [() => rig.other.increment('n', 1, draft(0)), 'v'],
      [() => rig.other.remove('k'), undefined],
      [() => rig.other.clear(), undefined],
      [() => far.invalidateTags(['t']), undefined],
      [() => rig.other.touch('k', 0), undefined],
    ] as const) {
      await rig.other.write('k', draft('v', { tags: ['t'] }));
      expect(await rig.read('k')).toBe('v');
      expect(await rig.read('k')).toBe('v');
      await end();
      expect(await rig.read('k')).toBe(left);
    }
  });

  it('is counted by both tiers, once each, also in batches', async () => {
    const rig = open(link);
    await rig.other.writeMany(new Map(['a', 'b', 'c'].map((key) => [key, draft(key)])));
    await rig.read('a');
    expect(rig.counts()).toBe('0 1 1 0');
    const many = await rig.space.readMany(['a', 'b', 'missing', 'b'], rig.clock.now());
    expect([...many].map(([key, { value }]) => [key, value])).toEqual([['a', 'a'], ['b', 'b']]); // prettier-ignore
    expect(rig.counts()).toBe('1 3 2 1');
    await rig.space.readMany(['a', 'b'], rig.clock.now());
    expect(rig.counts()).toBe('3 3 2 1');
    expect(rig.reads()).toBe(2);
  });

  it('is a miss of both where it is only stale, and is not kept', async () => {
    const rig = open(link);
    await rig.other.write('k', draft('v', { ttl: 1_000, grace: 5_000 }));
    await rig.read('k');
    rig.clock.advance(1_000);
    expect(await rig.read('k')).toBe('v');
    expect(await rig.read('k')).toBe('v');
    expect(rig.counts()).toBe('0 3 1 2');
    expect(rig.kept('k')).toBe(false);
  });

  it('is only stale once its tag was invalidated so, by whomever, and is not kept any more', async () => {
    for (const isolation of ['reference', 'freeze', 'clone'] as const) {
      for (const through of ['this', 'another'] as const) {
        const rig = open({ ...link, isolation });
        await rig.other.write('k', draft({ a: 1 }, { ttl: 1_000, grace: 5_000, tags: ['t'] }));
        const { createdAt, expiresAt: ttlEnd, staleUntil } = (await rig.space.read('k', rig.clock.now()))!;
        expect(rig.kept('k')).toBe(true);
        await (through === 'this' ? rig.store : rig.backend.connect()).invalidateTags(['t'], true);
        const times = { createdAt, expiresAt: -Infinity, staleUntil, ttlEnd };
        const stale = { value: { a: 1 }, tags: ['t'], ...times, invalidatedBy: 't' };
        expect(await rig.space.read('k', rig.clock.now())).toEqual(stale);
        expect((await rig.space.readMany(['k'], rig.clock.now())).get('k')).toEqual(stale);
        expect(rig.kept('k')).toBe(false);
        expect(rig.counts()).toBe('0 3 1 2');
        await rig.other.write('k', draft('new', { tags: ['t'] }));
        expect(await rig.read('k')).toBe('new');
        expect(rig.kept('k')).toBe(true);
      }
    }
  });

  it('is not asked for to say why there is none', async () => {
    const rig = open(link);
    await rig.other.write('k', draft('v', { tags: ['t'] }));
    await rig.read('k');
    await rig.backend.connect().invalidateTags(['t']);
    expect(await rig.space.absence('k', rig.clock.now())).toEqual({ reason: 'invalidated', tag: 't' });
    expect(rig.counts()).toBe('0 1 1 0');
  });

  it('fails with the far tier, and nothing is left of it', async () => {
    const rig = open(link);
    rig.faults.fail('read', 'readMany', 'write');
    await expect((async () => rig.space.read('k', 0))()).rejects.toThrow('reached');
    await expect((async () => rig.space.readMany(['k'], 0))()).rejects.toThrow('reached');
    await expect((async () => rig.space.write('k', draft(1)))()).rejects.toThrow('reached');
    rig.faults.heal();
    await rig.space.write('k', draft(2));
    expect(await rig.read('k')).toBe(2);
    expect(await rig.read('k')).toBe(2);
    expect(rig.kept('k')).toBe(true);
  });
});

describe('a change through this process', () => {
  const count = { ttl: 60_000, grace: 0, tags: [] };
  type Rig = ReturnType<typeof open>;
  const changes: [string, (rig: Rig) => unknown][] = [
    ['write', ({ space }) => space.write('k', draft(9))],
    ['writeMany', ({ space }) => space.writeMany(new Map([['k', draft(9)]]))],
    ['swap', ({ space }) => space.swap('k', draft(9))],
    ['remove', ({ space }) => space.remove('k')],
    ['removeMany', ({ space }) => space.removeMany(['k'])],
    ['take', ({ space }) => space.take('k')],
    ['touch', ({ space }) => space.touch('k', 90_000)],
    ['increment', ({ space }) => space.increment('k', 1, count)],
    ['clear', ({ space }) => space.clear()],
  ];

  it.each(changes)(
    'takes the old entry out of the near tier before it is asked for, and after: %s',
    async (name, change) => {
      const gates = new Gates();
      const rig = open({ hop: gates.hop });
      await rig.other.write('k', draft(1));
      await rig.read('k');
      expect(rig.kept('k')).toBe(true);
      gates.shut(`${name} →`);
      const done = (async () => change(rig))();
      expect(rig.kept('k')).toBe(false);
      await rig.read('k');
      expect(rig.kept('k')).toBe(true);
      await gates.open(`${name} →`);
      await done;
      expect(rig.kept('k')).toBe(false);
    },
  );

  it.each(changes)('fails, and takes the old entry out all the same: %s', async (name, change) => {
    for (const link of [{}, later]) {
      const rig = open(link);
      await rig.other.write('k', draft(1));
      await rig.read('k');
      rig.faults.failAfter(name as 'write');
      await expect((async () => change(rig))()).rejects.toThrow('reached');
      expect(rig.kept('k')).toBe(false);
    }
  });

  it.each(changes)('fails, and takes out what was read meanwhile: %s', async (name, change) => {
    const gates = new Gates();
    const rig = open({ hop: gates.hop });
    await rig.other.write('k', draft(1));
    rig.faults.fail(name as 'write');
    gates.shut(`${name} →`);
    const done = (async () => change(rig))();
    await rig.read('k');
    expect(rig.kept('k')).toBe(true);
    const failed = expect(done).rejects.toThrow('reached');
    await gates.open(`${name} →`);
    await failed;
    expect(rig.kept('k')).toBe(false);
  });

  const invalidations: typeof changes = [
    ['invalidateTags', ({ store }) => store.invalidateTags(['else'])],
    ['invalidateTags, allowing stale', ({ store }) => store.invalidateTags(['else'], true)],
  ];

  it.each([...changes, ...invalidations])(
    'that is made while a read is on its way: what that answers is not kept: %s',
    async (_, change) => {
      const gates = new Gates();
      const rig = open({ hop: gates.hop });
      await rig.other.write('k', draft(1));
      await rig.other.write('l', draft(2));
      gates.shut('read ←');
      gates.shut('readMany ←');
      const one = rig.space.read('k', rig.clock.now());
      const many = rig.space.readMany(['k', 'l'], rig.clock.now());
      await turns();
      await change(rig);
      await gates.open('read ←');
      expect(await one).toMatchObject({ value: 1 });
      expect(rig.kept('k')).toBe(false);
      await gates.open('readMany ←');
      expect((await many).get('k')).toMatchObject({ value: 1 });
      expect(rig.kept('k')).toBe(false);
      await rig.other.write('l', draft(3));
      await rig.read('l');
      expect(rig.kept('l')).toBe(true);
    },
  );

  it('writes, and finds what it wrote near, as the far tier has it', async () => {
    const rig = open();
    const value = { a: [1] };
    await rig.space.write('k', draft(value));
    const reads = rig.reads();
    const found = await rig.read('k');
    expect(found).toEqual(value);
    expect(found).not.toBe(value);
    expect(rig.reads()).toBe(reads);
    expect(rig.counts()).toBe('1 0 0 0');
  });

  it('commits, and finds what it stored near', async () => {
    const rig = open();
    await (await granted(rig.space as never)).commit(draft('v'));
    expect(rig.kept('k')).toBe(true);
    const fenced = await granted(rig.space as never, 'l');
    await rig.other.remove('l');
    await fenced.commit(draft('v'));
    expect(rig.kept('l')).toBe(false);
  });

  it('does not wait to read back what it wrote, and asks once at most to find out that it would have to', async () => {
    const rig = open(later);
    await rig.space.write('k', draft(1));
    await rig.space.write('l', draft(1));
    await turns();
    expect(rig.kept('k')).toBe(false);
    expect(rig.reads()).toBe(1);
  });

  it('is done, though it cannot be read back', async () => {
    for (const link of [{}, later]) {
      const rig = open(link);
      rig.faults.fail('read');
      await rig.space.write('k', draft(1));
      await turns();
      rig.faults.heal();
      expect(await rig.read('k')).toBe(1);
    }
  });

  it('of tags ends what is kept near with them, in every namespace', async () => {
    const rig = open();
    for (const name of ['ns', 'else']) await rig.store.space(name).write('k', draft('v', { tags: ['t'] }));
    await rig.store.invalidateTags(['t']);
    for (const name of ['ns', 'else']) expect(await rig.store.space(name).read('k', rig.clock.now())).toBeUndefined();
  });
});

describe('what is kept near', () => {
  it('is as much as there is room for', async () => {
    const rig = open({ maxSize: 2 });
    for (const key of ['a', 'b', 'c']) await rig.space.write(key, draft(key));
    expect(await rig.store.measure()).toEqual({
      size: 3,
      bytes: undefined,
      tiers: { near: { size: 2, bytes: undefined }, far: { size: 3, bytes: undefined } },
    });
    expect(await rig.read('a')).toBe('a');
  });

  it("is one object for all by reference, frozen with 'freeze', and a copy for each with 'clone'", async () => {
    for (const isolation of ['reference', 'freeze', 'clone'] as const) {
      const rig = open({ isolation });
      await rig.other.write('k', draft({ list: [1] }));
      const values = [await rig.read('k'), await rig.read('k'), await rig.read('k')] as { list: number[] }[];
      const many = await rig.space.readMany(['k'], rig.clock.now());
      values.push(many.get('k')!.value as never);
      expect(rig.reads()).toBe(1);
      if (isolation === 'freeze') expect(() => values[0]!.list.push(2)).toThrow(TypeError);
      else values[0]!.list.push(2);
      expect(new Set(values).size).toBe(isolation === 'clone' ? 4 : 1);
      expect(await rig.read('k')).toEqual({ list: isolation === 'reference' ? [1, 2] : [1] });
    }
  });

  it('keeps what an entry is, copied or not', async () => {
    const rig = open({ isolation: 'clone' });
    await rig.other.write('k', draft('v', { tags: ['t'], ttl: 5_000, grace: 100 }));
    const first = await rig.space.read('k', rig.clock.now());
    rig.clock.advance(1_000);
    expect(await rig.space.read('k', rig.clock.now())).toEqual(first);
  });

  it('does not include what cannot be copied, which is served all the same', async () => {
    const rig = open({ isolation: 'clone' });
    const far = rig.backend.connect();
    const value = { f: () => 1 };
    const uncopied = tiered(
      {
        ...far,
        space: (name) => ({ ...far.space(name), read: () => ({ value, tags: [], createdAt: 0, expiresAt: Infinity, staleUntil: Infinity }) }), // prettier-ignore
      },
      rig.clock,
      'clone',
    );
    expect(await uncopied.store.space('ns').read('k', 0)).toMatchObject({ value });
    expect(uncopied.events.near.counts.error).toBe(1);
    expect((await uncopied.near.measure()).size).toBe(0);
  });

  it('is asked for by nobody who wants what is not there', async () => {
    const rig = open();
    expect(await rig.read('k')).toBeUndefined();
    expect(rig.counts()).toBe('0 1 0 1');
    expect((await rig.near.measure()).size).toBe(0);
  });
});

it('is shared where the far tier is, and closes both', async () => {
  const rig = open();
  expect(rig.store.shared).toBe(true);
  await rig.space.write('k', draft('v', { ttl: 1_000 }));
  await rig.store.close();
  await rig.store.close();
  expect(rig.faults.asked).toContain('close');
  expect(rig.clock.pending).toBe(0);
});
