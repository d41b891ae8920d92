import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptionKeys } from '../../../lib/codec/encryption-keys.js';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import type { ForeignStore } from '../../../lib/stores/foreign/foreign.store.js';
import { headTextOf, readRecord, writeRecord } from '../../../lib/stores/foreign/record.js';
import type { Lease } from '../../../lib/stores/store.js';
import { draft } from '../../contract/store/rig.js';
import { FakeClock } from '../../support/fake-clock.js';
import { eventsOf, openForeign, PLAIN } from './foreign-rig.js';
import { NetworkMap } from './network-map.js';

const fresh = { ttl: 60_000, grace: 0, tags: [] };

let clock: FakeClock;
let network: NetworkMap;
let store: ForeignStore;
/** What another process has. */
let other: ForeignStore;

function connect(about: Parameters<typeof openForeign>[2] = { clock }): ForeignStore {
  return openForeign('keyv', network.connect({ hop: async () => {} }), about);
}

beforeEach(() => {
  clock = new FakeClock();
  network = new NetworkMap();
  store = connect();
  other = connect();
});

afterEach(() => {
  store.close();
  other.close();
});

async function valueIn(of: ForeignStore, key = 'k'): Promise<unknown> {
  return (await of.space('ns').read(key, clock.now()))?.value;
}

describe('a store that processes may share', () => {
  const refused: [string, (of: ForeignStore) => unknown][] = [
    ['add', (of) => of.space('ns').add('k', draft('v'))],
    ['getSet', (of) => of.space('ns').swap('k', draft('v'))],
    ['take', (of) => of.space('ns').take('k')],
    ['increment', (of) => of.space('ns').increment('k', 1, fresh)],
  ];

  it.each(refused)('refuses %s, which two of them would both win, and says what gives it', async (operation, ask) => {
    const asked = (async () => ask(store))();
    await expect(asked).rejects.toThrow(CacheOptionsError);
    await expect(asked).rejects.toThrow(new RegExp(`^${operation} .*backend: 'keyv'.*use backend: 'redis'$`));
    await expect(asked).rejects.toMatchObject({ operation });
    expect(await valueIn(store)).toBeUndefined();
  });

  it('is shared, and one in this process or used by it alone is not', () => {
    expect(store.shared).toBe(true);
    expect(connect({ clock, exclusive: true }).shared).toBe(false);
    expect(openForeign('keyv', new Map(), { clock }).shared).toBe(false);
    expect(openForeign('keyv', Promise.resolve(new Map()), { clock }).shared).toBe(true);
  });

  it('gives atomic operations over the promise of a store in this process', async () => {
    const promised = openForeign('keyv', Promise.resolve(new Map()), { clock });
    expect(await promised.space('ns').increment('n', 2, fresh)).toBe(2);
  });

  it('shows what other processes wrote, removed, invalidated and cleared', async () => {
    await store.space('ns').write('k', draft('v', { tags: ['t'] }));
    expect(await valueIn(other)).toBe('v');
    await other.space('ns').write('k', draft('w', { tags: ['t'] }));
    expect(await valueIn(store)).toBe('w');
    await other.invalidateTags(['t']);
    expect(await valueIn(store)).toBeUndefined();
    await store.space('ns').write('k', draft('x'));
    await other.space('ns').clear();
    expect(await valueIn(store)).toBeUndefined();
    await store.space('ns').write('k', draft('y'));
    expect(await other.space('ns').remove('k')).toBe(true);
    expect(await valueIn(store)).toBeUndefined();
  });

  const changes: [string, () => unknown][] = [
    ['write', () => other.space('ns').write('k', draft('theirs'))],
    ['write with a ttl of 0', () => other.space('ns').write('k', draft('theirs', { ttl: 0 }))],
    ['batch', () => other.space('ns').writeMany(new Map([['k', draft('theirs')]]))],
    ['removal', () => other.space('ns').remove('k')],
    ['removal of several', () => other.space('ns').removeMany(['k', 'l'])],
    ['clear', () => other.space('ns').clear()],
    ['invalidation', () => other.invalidateTags(['t'])],
    ['later load', () => other.space('ns').lease('k', [], 'load')],
  ];

  describe.each(['load', 'refresh', 'write'] as const)('a lease to %s', (purpose) => {
    it.each(changes)('is voided by a %s of another process', async (_, change) => {
      for (const present of [false, true]) {
        if (present) await store.space('ns').write('k', draft('old', { ttl: 1_000, grace: 60_000, tags: ['t'] }));
        if (present) clock.advance(1_000);
        const lease = (await store.space('ns').lease('k', ['t'], purpose)) as Lease;
        await change();
        const there = await valueIn(store);
        expect(await lease.holds()).toBe(false);
        expect(await lease.commit(draft('mine', { tags: ['t'] }))).toBe(false);
        expect(await valueIn(store)).toBe(there);
      }
    });
  });

  it('does not keep a late tag that another process invalidated meanwhile', async () => {
    const lease = (await store.space('ns').lease('k', [], 'load')) as Lease;
    await other.invalidateTags(['late']);
    expect(await lease.holds()).toBe(true);
    expect(await lease.holds(['late'])).toBe(false);
    expect(await lease.commit(draft('mine', { tags: ['late'] }))).toBe(false);
    expect(await valueIn(store)).toBeUndefined();
  });

  it('touch gives a new end for every process, and does not revive what another one removed', async () => {
    await store.space('ns').write('k', draft('v', { ttl: 1_000 }));
    expect(await other.space('ns').touch('k', 5_000)).toBe(true);
    clock.advance(4_999);
    expect(await valueIn(store)).toBe('v');
    expect(await store.space('ns').touch('k', 5_000)).toBe(true);
    await other.space('ns').remove('k');
    expect(await store.space('ns').touch('k', 5_000)).toBe(false);
    expect(await valueIn(store)).toBeUndefined();
  });

  it('keeps caches of another prefix or version apart', async () => {
    const others = [connect({ clock, prefix: 'app' }), connect({ clock, version: 'app' })];
    await store.space('ns').write('k', draft('v', { tags: ['t'] }));
    for (const [index, of] of others.entries()) {
      expect(await valueIn(of)).toBeUndefined();
      await of.space('ns').write('k', draft(index, { tags: ['t'] }));
      await of.invalidateTags(['t']);
      await of.space('ns').clear();
    }
    expect(await valueIn(store)).toBe('v');
  });
});

describe('what somebody else put into the store', () => {
  /** The name of the one entry that is there. */
  const entryName = (): string => [...network.texts.keys()].find((name) => name.includes('entry'))!;

  it.each([
    ['a text', 'hello'],
    ['another mark', 'blossom-2:AAAA'],
    ['JSON', '{"value":1,"expires":null}'],
    ['an altered entry', undefined],
  ])('%s is a miss, an event, and removed', async (_, text) => {
    const events = eventsOf();
    const noted: unknown[] = [];
    events.on('unreadable', (event) => noted.push(event));
    const reader = connect({ clock, events });
    await store.space('ns').write('k', draft('v'));
    const name = entryName();
    network.texts.set(name, text ?? `${network.texts.get(name)!.slice(0, -6)}AAAAA=`);
    expect(await valueIn(reader)).toBeUndefined();
    expect(noted).toEqual([{ namespace: 'ns', key: 'k', reason: 'frame', security: false }]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(network.texts.has(name)).toBe(false);
    reader.close();
  });

  it('a stamp that is none matches nothing, and is replaced by the next who writes', async () => {
    await store.space('ns').write('k', draft('v'));
    for (const name of network.texts.keys()) if (name.includes('space')) network.texts.set(name, 'hello');
    expect(await valueIn(store)).toBeUndefined();
    await store.space('ns').write('k', draft('w'));
    expect(await valueIn(store)).toBe('w');
  });

  it('stamps that the store has forgotten end what carries them, and nothing else', async () => {
    await store.space('ns').write('k', draft('v', { tags: ['t'] }));
    await store.space('ns').write('l', draft('v'));
    for (const name of network.texts.keys()) if (name.includes(':tag:')) network.texts.delete(name);
    expect(await valueIn(store)).toBeUndefined();
    expect(await valueIn(store, 'l')).toBe('v');
  });

  describe('with an encryption key', () => {
    const sealer = { ...PLAIN, keys: encryptionKeys('ab'.repeat(32)) };

    it('a value is not there to be read, and comes back', async () => {
      const own = connect({ clock, sealer });
      await own.space('ns').write('k', draft('secret'));
      expect(Buffer.from(network.texts.get(entryName())!.slice(10), 'base64').includes('secret')).toBe(false);
      expect(await valueIn(own)).toBe('secret');
      own.close();
    });

    it('a head that was altered, its checksum corrected, is forged', async () => {
      const events = eventsOf();
      const noted: unknown[] = [];
      events.on('unreadable', ({ reason, security }) => noted.push([reason, security]));
      const own = connect({ clock, sealer, events });
      await own.space('ns').write('k', draft('secret', { ttl: 1_000 }));
      const name = entryName();
      const { head, frame } = readRecord(network.texts.get(name), name, 1_000)!;
      const longer = headTextOf({ ...head, expiresAt: head.expiresAt + 1_000_000 });
      network.texts.set(name, writeRecord(longer, frame, name));
      clock.advance(1_000);
      expect(await valueIn(own)).toBeUndefined();
      expect(noted).toEqual([['forged', true]]);
      own.close();
    });
  });
});

describe('an invalidation that allows what is stale to be served', () => {
  const readFrom = (of: ForeignStore): Promise<unknown> => Promise.resolve(of.space('ns').read('k', clock.now()));

  it('is seen by another process, and made hard by it', async () => {
    await store.space('ns').write('k', draft('v', { tags: ['t'] }));
    await store.invalidateTags(['t'], true);
    expect(await readFrom(other)).toMatchObject({ value: 'v', expiresAt: -Infinity, invalidatedBy: 't' });
    await other.invalidateTags(['t']);
    expect(await readFrom(store)).toBeUndefined();
  });

  it('is told by the second stamp of a tag: what carries only one is void, whatever the store has', async () => {
    await store.space('ns').write('k', draft('v', { tags: ['t'] }));
    const name = [...network.texts.keys()].find((one) => network.texts.get(one)!.startsWith('blossom-1:'))!;
    const { head, frame } = readRecord(network.texts.get(name), name, 1_000)!;
    const tags = head.tags.map(([tag, stamps]): [string, string] => [tag, stamps.split('.')[0]!]);
    network.texts.set(name, writeRecord(headTextOf({ ...head, tags }), frame, name));
    await store.invalidateTags(['t'], true);
    expect(await readFrom(store)).toBeUndefined();
  });
});
