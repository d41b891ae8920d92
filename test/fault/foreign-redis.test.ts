import KeyvRedis from '@keyv/redis';
import { redisInsStore, redisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheBackendError } from '../../lib/errors/cache.errors.js';
import type { CacheEvents } from '../../lib/events/cache-events.js';
import type { ForeignKind } from '../../lib/stores/foreign/foreign.backend.js';
import type { ForeignStore } from '../../lib/stores/foreign/foreign.store.js';
import { GuardedStore } from '../../lib/stores/guarded/guarded.store.js';
import { systemClock } from '../../lib/support/clock.js';
import { draft } from '../contract/store/rig.js';
import { eventually } from '../support/redis/eventually.js';
import { RedisServer } from '../support/redis/redis-server.js';
import { eventsOf, openForeign } from '../unit/foreign/foreign-rig.js';

/** Milliseconds that an operation may take, and that a test adds for a machine that has other things to do. */
const TIMEOUT = 400;
const SLOW = 1_000;

/** The client that cache-manager-redis-yet brings. */
const yet = createRequire(createRequire(import.meta.url).resolve('cache-manager-redis-yet'))('redis') as {
  createClient(options: object): Parameters<typeof redisInsStore>[0];
};

/** A store that somebody made over a server, there or not. */
interface Made {
  readonly store: object;
  /** What announces its failures. */
  readonly emitter: { listeners(event: string): readonly unknown[] };
  close(): Promise<unknown>;
}

const STORES: [string, ForeignKind, (url: string) => Made][] = [
  [
    '@keyv/redis',
    'keyv',
    (url) => {
      const adapter = new KeyvRedis<string>(url);
      return { store: adapter, emitter: adapter, close: () => adapter.disconnect(true) };
    },
  ],
  [
    'keyv 5 over @keyv/redis',
    'keyv',
    (url) => {
      const adapter = new KeyvRedis<string>(url);
      const keyv = new Keyv(adapter);
      return { store: keyv, emitter: keyv, close: () => adapter.disconnect(true) };
    },
  ],
  [
    'cache-manager-redis-yet',
    'cache-manager',
    (url) => {
      const client = yet.createClient({ url });
      // Without a listener, a client of node-redis ends the process when it cannot connect.
      client.on('error', () => {});
      client.connect().catch(() => {});
      return { store: redisInsStore(client), emitter: client, close: () => client.disconnect() };
    },
  ],
];

let server: RedisServer;
let closing: (() => unknown)[];

beforeEach(async () => {
  closing = [];
  server = await RedisServer.start();
});

afterEach(async () => {
  for (const close of closing) await close();
  await server.stop();
});

/** One process with a cache over a store of its own. */
class Process {
  readonly events: CacheEvents = eventsOf();
  readonly store: ForeignStore;
  readonly guard: GuardedStore;
  readonly made: Made;

  constructor(backend: ForeignKind, make: (url: string) => Made) {
    this.made = make(server.url);
    this.store = openForeign(backend, this.made.store, { clock: systemClock, commandTimeout: TIMEOUT });
    this.guard = new GuardedStore(this.store, { onError: 'absorb' }, this.events, systemClock);
    closing.push(async () => {
      await this.guard.close();
      await this.made.close().catch(() => {});
    });
  }

  write(key: string, value: unknown, tags: readonly string[] = []): unknown {
    return this.guard.space('ns').write(key, draft(value, { tags }));
  }

  async read(key: string): Promise<unknown> {
    return (await this.guard.space('ns').read(key, systemClock.now()))?.value;
  }

  /** Whatever is asked while the server is not there: nothing throws, nothing is late, nothing is there. */
  async endure(): Promise<void> {
    const space = this.guard.space('ns');
    for (const ask of [
      () => space.read('k', systemClock.now()),
      () => space.readMany(['k', 'l'], systemClock.now()),
      () => space.write('new', draft('dropped')),
      () => space.writeMany(new Map([['new', draft('dropped')]])),
      () => space.remove('k'),
      () => space.removeMany(['l', 'm']),
      () => space.touch('touched', 60_000),
      () => this.guard.invalidateTags(['t']),
      () => this.guard.space('cleared').clear(),
    ]) {
      const began = performance.now();
      await ask();
      expect(performance.now() - began).toBeLessThan(2 * TIMEOUT + SLOW);
    }
    const lease = await space.lease('loaded', [], 'load');
    expect('commit' in lease && (await lease.commit(draft('v')))).toBe(true);
    for (const key of ['k', 'new', 'tagged', 'loaded']) expect(await this.read(key)).toBeUndefined();
    expect(this.events.counts.outage).toBe(1);
    expect(this.guard.pendingEvictions).toBeGreaterThan(0);
  }

  async recovers(): Promise<void> {
    await eventually(
      'the outage is over',
      () => this.events.counts.recovery === 1 && this.guard.pendingEvictions === 0,
    );
    await this.write('after', 'v');
    expect(await this.read('after')).toBe('v');
  }
}

/** @param told whether the library says that it cannot parse something, instead of taking it for nothing */
function describeFaults(backend: ForeignKind, make: (url: string) => Made, told = true): void {
  const start = (): Process => new Process(backend, make);

  async function filled(): Promise<Process> {
    const process = start();
    for (const key of ['k', 'l', 'kept', 'touched']) await process.write(key, 'old');
    await process.write('tagged', 'old', ['t']);
    expect(await process.read('k')).toBe('old');
    return process;
  }

  it('whose server is not there at boot: misses in time, and a cache once it is', async () => {
    await server.kill();
    const process = start();
    await process.endure();
    await server.restart();
    await process.recovers();
  });

  it('whose server was killed and comes back empty', async () => {
    const process = await filled();
    await server.kill();
    await process.endure();
    await server.restart();
    await process.recovers();
    for (const key of ['k', 'kept', 'new', 'tagged']) expect(await process.read(key)).toBeUndefined();
  });

  it('whose server is frozen, and goes on', async () => {
    const process = await filled();
    const other = start();
    expect(await other.read('k')).toBe('old');
    server.freeze();
    await process.endure();
    server.thaw();
    await process.recovers();
    for (const key of ['k', 'new', 'tagged', 'loaded']) expect(await process.read(key)).toBeUndefined();
    expect(await process.read('kept')).toBe('old');
    for (const key of ['k', 'new', 'tagged', 'loaded']) expect(await other.read(key)).toBeUndefined();
    expect(await other.read('kept')).toBe('old');
  });

  it('a failure is a CacheBackendError, and no key or value is in its message', async () => {
    const { store } = await filled();
    await server.kill();
    const space = store.space('secret space');
    for (const ask of [
      () => space.read('secret key', systemClock.now()),
      () => space.write('secret key', draft('secret value')),
      () => space.remove('secret key'),
      () => space.lease('secret key', [], 'load'),
      () => space.clear(),
      () => store.invalidateTags(['secret tag']),
    ]) {
      const error = await ask().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(CacheBackendError);
      expect(String(error)).toMatch(/^CacheBackendError: backend '(keyv|cache-manager)': /);
      expect(String(error)).not.toContain('secret');
    }
  });

  it(`what cannot be parsed is a miss, ${told ? 'an event' : 'no event'}, and no outage`, async () => {
    const process = await filled();
    const unreadable = eventsOf();
    const reader = openForeign(backend, process.made.store, { clock: systemClock, events: unreadable });
    for (const name of (await server.command('KEYS', '*entry*')) as unknown[]) {
      await server.command('SET', String(name), 'hello {');
    }
    expect(await reader.space('ns').read('k', systemClock.now())).toBeUndefined();
    expect(unreadable.counts.unreadable).toBe(told ? 1 : 0);
    expect(await process.read('l')).toBeUndefined();
    expect(process.events.counts.outage).toBe(0);
    await process.write('l', 'new');
    expect(await process.read('l')).toBe('new');
    reader.close();
  });

  it('keeps no listener of a cache that was closed, and stays open', async () => {
    const process = start();
    await process.read('k');
    const { made } = process;
    const before = made.emitter.listeners('error').length;
    const stores = [1, 2, 3].map(() => openForeign(backend, made.store, { clock: systemClock }));
    for (const store of stores) await store.space('ns').write('k', draft('v'));
    expect(made.emitter.listeners('error').length).toBeGreaterThan(before);
    for (const store of stores) store.close();
    expect(made.emitter.listeners('error')).toHaveLength(before);
    const next = openForeign(backend, made.store, { clock: systemClock });
    expect((await next.space('ns').read('k', systemClock.now()))?.value).toBe('v');
    next.close();
  });

  it('what is stored is forgotten by the server itself', async () => {
    const process = start();
    await process.guard.space('ns').write('k', draft('v', { ttl: 60_000, grace: 30_000, tags: ['t'] }));
    await process.guard.space('ns').write('ever', draft('v', { ttl: Infinity }));
    const left: Record<string, number> = {};
    for (const name of (await server.command('KEYS', '*')) as unknown[]) {
      left[String(name).replace(/^.*(?=blossom)/, '')] = Number(await server.command('PTTL', String(name)));
    }
    expect(left['blossom:5:entry:0::0::2:ns:1:k']).toBeGreaterThan(90_000);
    expect(left['blossom:5:entry:0::0::2:ns:1:k']).toBeLessThan(110_000);
    expect(left['blossom:5:entry:0::0::2:ns:4:ever']).toBe(-1);
    expect(left['blossom:3:tag:0::0::1:t']).toBeGreaterThan(86_400_000);
  });
}

describe.each(STORES)('%s', (_, backend, make) => describeFaults(backend, make));

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
describe.skipIf(major < 22 || (major === 22 && minor < 19))('on Node 22.19 and later, which Keyv 6 needs', async () => {
  const keyv6 = await import('keyv-6').catch(() => undefined);
  describe('keyv 6 over @keyv/redis', () => {
    const make = (url: string): Made => {
      const adapter = new KeyvRedis<string>(url);
      const keyv = new keyv6!.Keyv({ store: adapter });
      return { store: keyv, emitter: adapter, close: () => adapter.disconnect(true) };
    };
    describeFaults('keyv', make, false);
  });
});

describe('cache-manager-redis-yet, the promise that redisStore() gives', () => {
  it('is waited for', async () => {
    const made = redisStore({ url: server.url });
    const store = openForeign('cache-manager', made, { clock: systemClock });
    closing.push(
      () => store.close(),
      async () => (await made).client.disconnect(),
    );
    await store.space('ns').write('k', draft('v'));
    expect((await store.space('ns').read('k', systemClock.now()))?.value).toBe('v');
  });

  it('if it rejects, every operation fails, and nothing else does', async () => {
    await server.kill();
    const said = console.error;
    console.error = () => {};
    closing.push(() => void (console.error = said));
    const store = openForeign('cache-manager', redisStore({ url: server.url }), { clock: systemClock });
    closing.push(() => store.close());
    const read = store.space('ns').read('k', systemClock.now());
    await expect(read).rejects.toThrow("backend 'cache-manager': the store failed (ECONNREFUSED)");
    await expect(read).rejects.toBeInstanceOf(CacheBackendError);
  });

  it('its client ends nobody’s process when the server goes', async () => {
    const made = redisStore({ url: server.url });
    const store = openForeign('cache-manager', made, { clock: systemClock, commandTimeout: TIMEOUT });
    closing.push(
      () => store.close(),
      async () => (await made).client.disconnect(),
    );
    await store.space('ns').write('k', draft('v'));
    await server.kill();
    await expect(store.space('ns').read('k', systemClock.now())).rejects.toBeInstanceOf(CacheBackendError);
    await server.restart();
    await eventually('it is read again', async () => {
      return (await store.space('ns').read('k', systemClock.now())) === undefined;
    });
  });
});
