import { describe, expect, it } from 'vitest';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import { MemoryStore } from '../../../lib/stores/memory/memory.store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { draft, openMemory } from './memory-rig.js';

const POLICIES = ['lru', 'fifo', 'lfu'] as const;

describe('E14 events', () => {
  it('every victim is one evict event, with why it left', () => {
    const { space, log } = openMemory({ maxSize: 3, maxBytes: 10, sizeOf: (value) => value as number });
    space.write('a', draft(4));
    space.write('b', draft(4));
    space.write('c', draft(8));
    space.write('d', draft(1));
    space.write('e', draft(1));
    space.write('f', draft(1));
    expect(log.filter((line) => !line.startsWith('set'))).toEqual([
      'evict ns/a bytes',
      'evict ns/b bytes',
      'evict ns/c size',
    ]);
  });

  it('an entry expires once, whether a read, a write or the sweep finds it', async () => {
    const { space, clock, log, store } = openMemory();
    for (const key of ['read', 'write', 'take', 'sweep']) space.write(key, draft(1, { ttl: 1_500 }));
    log.length = 0;
    clock.advance(1_500);
    space.read('read', clock.now());
    space.read('read', clock.now());
    space.write('write', draft(2));
    space.take('take');
    expect(log).toEqual(['expire ns/read ttl', 'expire ns/write ttl', 'set ns/write', 'expire ns/take ttl']);
    clock.advance(10_000);
    await store.measure();
    expect(log.slice(4)).toEqual(['expire ns/sweep ttl']);
  });

  it('what is removed, replaced, invalidated or cleared neither expires nor is evicted', async () => {
    const { space, clock, events, store } = openMemory();
    const about = { ttl: 1_000, tags: ['t'] };
    for (const key of ['removed', 'replaced', 'stopped', 'tagged']) space.write(key, draft(1, about));
    store.space('other').write('cleared', draft(1, { ttl: 1_000 }));
    space.remove('removed');
    space.write('replaced', draft(2));
    space.write('stopped', draft(2, { ttl: 0 }));
    store.invalidateTags(['t']);
    store.space('other').clear();
    space.read('tagged', clock.now());
    clock.advance(60_000);
    expect((await store.measure()).size).toBe(1);
    expect(events.counts).toMatchObject({ expire: 0, evict: 0 });
  });

  it('a listener that throws does not break the write, nor the sweep', async () => {
    const clock = new FakeClock();
    const errors: unknown[] = [];
    const events = new CacheEvents((error) => errors.push(error));
    const options = { maxSize: 1, maxBytes: Infinity, evictionPolicy: 'lru', isolation: 'reference' } as const;
    const store = new MemoryStore(options, events, clock);
    for (const type of ['set', 'evict', 'expire'] as const) {
      events.on(type, () => {
        throw new Error(type);
      });
    }
    store.space('ns').write('a', draft(1));
    store.space('ns').write('b', draft(2, { ttl: 500 }));
    expect(store.space('ns').read('b', clock.now())?.value).toBe(2);
    clock.advance(2_000);
    expect((await store.measure()).size).toBe(0);
    expect(errors.map((error) => (error as Error).message)).toEqual(['set', 'evict', 'set', 'expire']);
  });
});

describe.each(POLICIES)('%s, with listeners that use the store', (evictionPolicy) => {
  function openFull(): ReturnType<typeof openMemory> {
    const rig = openMemory({ maxBytes: 10, evictionPolicy, sizeOf: (value) => value as number });
    for (const key of 'abc') rig.space.write(key, draft(3));
    let evictions = 0;
    rig.events.on('evict', () => {
      // A broken order makes eviction go on for ever: no timeout of a test would end that.
      if ((evictions += 1) > 5_000) throw new Error('evicts without end');
    });
    return rig;
  }

  /** Overwrites `b` with something heavier, so that `a` leaves while `b` is in the middle of being stored. */
  async function growB(listen: (rig: ReturnType<typeof openMemory>) => void): Promise<ReturnType<typeof openMemory>> {
    const rig = openFull();
    const stop = rig.events.on('evict', () => {
      stop();
      listen(rig);
    });
    rig.space.write('b', draft(5));
    return rig;
  }

  /** Fills the store anew: what it says it holds leaves, each entry once, and nothing stays behind. */
  async function expectSound(rig: ReturnType<typeof openMemory>): Promise<void> {
    const { size } = await rig.store.measure();
    rig.log.length = 0;
    for (let i = 0; i < 500; i += 1) rig.space.write(`filler ${i}`, draft(2));
    const left = rig.log.filter((line) => /^evict ns\/[a-z] /.test(line));
    expect(left).toHaveLength(size!);
    expect(new Set(left).size).toBe(size);
    expect(rig.hits('abcd')).toBe('');
    expect(await rig.store.measure()).toEqual({ size: 5, bytes: 10 });
  }

  it('reading the key that is being stored leaves the store sound', async () => {
    await expectSound(await growB(({ space, clock }) => space.read('b', clock.now())));
  });

  it('removing the key that is being stored leaves the store sound', async () => {
    await expectSound(await growB(({ space }) => space.remove('b')));
  });

  it('storing the key that is being stored leaves the store sound', async () => {
    await expectSound(await growB(({ space }) => space.write('b', draft(1))));
  });

  it('storing another key leaves the store sound', async () => {
    await expectSound(await growB(({ space }) => space.write('d', draft(2))));
  });

  it('clearing the namespace leaves the store sound', async () => {
    await expectSound(await growB(({ space }) => space.clear()));
  });

  it('storing a new key that is being stored leaves the store sound', async () => {
    const rig = openFull();
    const stop = rig.events.on('evict', () => {
      stop();
      rig.space.write('d', draft(1));
    });
    rig.space.write('d', draft(3));
    await expectSound(rig);
  });

  it('storing a key again when its old entry expires leaves the store sound', async () => {
    const rig = openFull();
    rig.space.write('b', draft(1, { ttl: 100 }));
    rig.clock.advance(100);
    const stop = rig.events.on('expire', () => {
      stop();
      rig.space.write('b', draft(1));
    });
    rig.space.write('b', draft(2));
    await expectSound(rig);
  });
});
