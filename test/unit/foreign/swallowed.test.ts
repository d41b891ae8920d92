import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { CacheBackendError, CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import type { ForeignKind } from '../../../lib/stores/foreign/foreign.backend.js';
import type { ForeignStore } from '../../../lib/stores/foreign/foreign.store.js';
import { draft } from '../../contract/store/rig.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FailingAdapter, type Failure } from './failing-adapter.js';
import { openForeign } from './foreign-rig.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** Keyv 6 needs it. */
const NODE_22_19 = major > 22 || (major === 22 && minor >= 19);
const keyv6 = NODE_22_19 ? await import('keyv-6') : undefined;

const WRAPPED: [string, ForeignKind, (adapter: FailingAdapter) => object][] = [
  ['a bare adapter', 'keyv', (adapter) => adapter],
  ['keyv 5', 'keyv', (store) => new Keyv({ store })],
  ['keyv 5 that throws', 'keyv', (store) => new Keyv({ store, throwOnErrors: true })],
  ['keyv 5 that throws and emits nothing', 'keyv', (store) => new Keyv({ store, throwOnErrors: true, emitErrors: false })], // prettier-ignore
  ['a store of cache-manager', 'cache-manager', asCacheManager],
];
if (keyv6 !== undefined) WRAPPED.push(['keyv 6', 'keyv', (store) => new keyv6.Keyv({ store })]);

function asCacheManager(client: FailingAdapter): object {
  return {
    client,
    get: async (name: string) => client.get(name),
    set: async (name: string, text: string) => client.set(name, text),
    del: async (name: string) => client.delete(name),
    reset: () => client.clear(),
  };
}

const FAILURES: Failure[] = ['rejects', 'throws', 'announces it and answers nothing', 'does not answer'];

const OPERATIONS: [string, (store: ForeignStore, now: number) => Promise<unknown>][] = [
  ['read', (store, now) => store.space('ns').read('k', now)],
  ['readMany', (store, now) => store.space('ns').readMany(['k', 'l'], now)],
  ['write', (store) => store.space('ns').write('k', draft('v', { tags: ['t'] }))],
  ['writeMany', (store) => store.space('ns').writeMany(new Map([['k', draft('v')]]))],
  ['remove', (store) => store.space('ns').remove('k')],
  ['removeMany', (store) => store.space('ns').removeMany(['k', 'l'])],
  ['touch', (store) => store.space('ns').touch('k', 1_000)],
  ['lease', (store) => store.space('ns').lease('k', ['t'], 'refresh')],
  ['clear', (store) => store.space('ns').clear()],
  ['invalidateTags', (store) => store.invalidateTags(['t'])],
];

interface Opened {
  readonly adapter: FailingAdapter;
  readonly clock: FakeClock;
  readonly store: ForeignStore;
}

function open([, backend, wrap]: (typeof WRAPPED)[number]): Opened {
  const adapter = new FailingAdapter();
  const clock = new FakeClock();
  return { adapter, clock, store: openForeign(backend, wrap(adapter), { clock, commandTimeout: 500 }) };
}

/** Lets everything go on that waits for nothing but a promise that is resolved. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(WRAPPED)('over %s, an operation fails', (...wrapped) => {
  it.each(FAILURES)('with a CacheBackendError, whichever it is, when the adapter %s', async (failure) => {
    for (const [operation, ask] of OPERATIONS) {
      const { adapter, clock, store } = open(wrapped);
      await store.space('ns').write('k', draft('v', { tags: ['t'] }));
      adapter.failure = failure;
      const asked = ask(store, clock.now()).then(
        () => 'nothing',
        (error: unknown) => error,
      );
      await turns();
      if (failure === 'does not answer') clock.advance(500);
      const error = await asked;
      expect(error, operation).toBeInstanceOf(CacheBackendError);
      expect((error as CacheBackendError).timedOut, operation).toBe(failure === 'does not answer');
      expect(clock.pending, operation).toBe(0);
      adapter.letGo();
      await turns();
      expect((await store.space('ns').read('l', clock.now())) === undefined, operation).toBe(true);
      store.close();
      expect(adapter.listenerCount('error')).toBe(wrapped[0].startsWith('keyv') ? 1 : 0);
    }
  });
});

describe('a store that does not answer', () => {
  it('is not told any more what an operation had still to ask when it was given up', async () => {
    const { adapter, clock, store } = open(WRAPPED[0]!);
    adapter.failure = 'does not answer';
    const writing = expect(store.space('ns').write('k', draft('v'))).rejects.toThrow('no answer within 500 ms');
    await turns();
    clock.advance(500);
    await writing;
    const { asked } = adapter;
    adapter.letGo();
    await turns();
    expect(adapter.asked).toBe(asked);
    expect([...adapter.texts.keys()].filter((name) => name.includes('entry'))).toEqual([]);
  });

  it('holds up neither the next change of a key nor its end', async () => {
    const { adapter, clock, store } = open(WRAPPED[0]!);
    adapter.failure = 'does not answer';
    const first = expect(store.space('ns').write('k', draft('first'))).rejects.toBeInstanceOf(CacheBackendError);
    const second = expect(store.space('ns').remove('k')).rejects.toBeInstanceOf(CacheBackendError);
    await turns();
    clock.advance(500);
    await Promise.all([first, second]);
    adapter.failure = undefined;
    await store.space('ns').write('k', draft('third'));
    adapter.letGo();
    await turns();
    // What was given up has taken effect by now: at worst it is a miss.
    const entry = await store.space('ns').read('k', clock.now());
    expect([undefined, 'third']).toContain(entry?.value);
  });

  it('is asked no more once a thousand calls have been given up, and again when they are answered', async () => {
    const { adapter, clock, store } = open(WRAPPED[0]!);
    adapter.failure = 'does not answer';
    const space = store.space('ns');
    const reads = Array.from({ length: 300 }, (_, index) => space.read(`k${index}`, clock.now()));
    const given = Promise.allSettled(reads);
    await turns();
    clock.advance(500);
    await given;
    const { asked } = adapter;
    expect(asked).toBeGreaterThan(1_000);
    await expect(space.read('k', clock.now())).rejects.toThrow('calls are unanswered');
    expect(adapter.asked).toBe(asked);
    adapter.letGo();
    await turns();
    expect(await space.read('k', clock.now())).toBeUndefined();
  });
});

describe('the promise of a store', () => {
  it('that never resolves: every operation ends in time, and close ends it at once', async () => {
    const clock = new FakeClock();
    const store = openForeign('keyv', new Promise<object>(() => {}), { clock, commandTimeout: 500 });
    const read = expect(store.space('ns').read('k', clock.now())).rejects.toThrow('no answer within 500 ms');
    clock.advance(500);
    await read;
    const write = expect(store.space('ns').write('k', draft('v'))).rejects.toThrow('the cache is closed');
    store.close();
    await write;
    expect(clock.pending).toBe(0);
  });

  it('that resolves to no store: every operation says what to pass', async () => {
    const clock = new FakeClock();
    const store = openForeign('cache-manager', Promise.resolve({ url: 'x' }), { clock });
    const read = store.space('ns').read('k', clock.now());
    await expect(read).rejects.toBeInstanceOf(CacheOptionsError);
    await expect(read).rejects.toThrow(/^store: with backend: 'cache-manager' it must be /);
  });

  it('that resolves after the cache was closed is not listened to', async () => {
    const adapter = new FailingAdapter();
    const clock = new FakeClock();
    const made = Promise.resolve(adapter);
    openForeign('keyv', made, { clock }).close();
    await turns();
    expect(adapter.listenerCount('error')).toBe(0);
  });
});
