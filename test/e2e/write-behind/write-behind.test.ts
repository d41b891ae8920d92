import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Injectable, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlossomCacheModule,
  CacheBackendError,
  CacheOptionsError,
  CacheSerializationError,
  CacheService,
  WriteBehindHandler,
  type BlossomCacheOptions,
  type WriteBehindItem,
} from '../../../lib/index.js';
import { closeAll, directory, Gate, open, Source, until, usersWriter } from './behind-rig.js';

afterEach(closeAll);

const JOURNALS: readonly [string, () => BlossomCacheOptions][] = [
  ['in memory', () => ({})],
  ['in a file', () => ({ writeBehind: { journal: 'file', dir: directory() } })],
  [
    'in a file, encrypted',
    () => ({ backend: 'file', cacheDir: directory(), encryptionKey: 'a secret of some length' }),
  ],
];

describe.each(JOURNALS)('write-behind with a journal %s', (_name, options) => {
  it('stores a value at once, and writes it to its source a little later', async () => {
    const { cache, source, clock } = await open({}, options());
    await cache.writeBehind('users', '1', { name: 'Ann' });
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
    await clock.pass(999);
    expect(source.calls).toEqual([]);
    await until(clock, 1, () => source.rows.size === 1);
    expect(source.written).toEqual([[['1', { name: 'Ann' }]]]);
    expect(Object.keys(source.calls[0]![0]!)).toEqual(['id', 'key', 'value']);
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
  });

  it('answers reads with what is pending, even after an eviction', async () => {
    const { cache, source, clock } = await open({}, options());
    await cache.writeBehind('users', '1', 'new', { tags: ['people'], ttl: '10s' });
    await cache.delete('1');
    await cache.invalidateTags(['people']);
    await cache.clear();
    expect(await cache.get('1')).toBe('new');
    expect(await cache.exists('1')).toBe(true);
    expect(await cache.ttl('1')).toBe(10);
    expect(await cache.getMany(['1', '2'])).toEqual(new Map([['1', 'new']]));
    expect(await cache.getOrSet('1', () => 'from the source')).toBe('new');
    expect(await cache.getOrSetMany(['1'], () => ({ 1: 'from the source' }))).toEqual(new Map([['1', 'new']]));
    await until(clock, 1_000, () => source.rows.size === 1);
    expect(await cache.getOrSet('1', () => 'from the source')).toBe('new');
  });

  it('coalesces writes of one key to the newest', async () => {
    const { cache, source, clock } = await open({}, options());
    for (const value of ['a', 'b', 'c']) await cache.writeBehind('users', '1', value);
    expect(await cache.get('1')).toBe('c');
    await until(clock, 1_000, () => source.rows.size === 1);
    expect(source.written).toEqual([[['1', 'c']]]);
  });

  it('merges writes of one key as the handler says', async () => {
    const { cache, source, clock } = await open({ merge: (older: number, newer: number) => older + newer }, options());
    await Promise.all([1, 2, 3, 4].map((views) => cache.writeBehind('users', 'home', views)));
    expect(await cache.get('home')).toBe(10);
    await until(clock, 1_000, () => source.rows.size === 1);
    expect(source.written).toEqual([[['home', 10]]]);
  });

  it.each([
    ['a promise', async (older: number, newer: number) => older + newer],
    ['what holds a function', () => ({ add: () => 1 })],
  ])('rejects what is merged into %s, and goes on with what waits', async (_what, merge: any) => {
    const { cache, source, clock } = await open({ merge }, options());
    await cache.writeBehind('users', 'home', 1);
    const refused: unknown = await cache.writeBehind('users', 'home', 2).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CacheSerializationError);
    expect(refused).toMatchObject({ operation: 'writeBehind' });
    expect(await cache.get('home')).toBe(1);
    await until(clock, 1_000, () => source.rows.size === 1);
    expect(source.written).toEqual([[['home', 1]]]);
  });

  it('keeps all writes of one key in order, where nothing is merged', async () => {
    const { cache, source, clock } = await open({ merge: false, batchSize: 2 }, options());
    for (const value of ['a', 'b', 'c']) await cache.writeBehind('users', '1', value);
    await until(clock, 1_000, () => source.calls.length === 2);
    expect(source.written).toEqual([
      [
        ['1', 'a'],
        ['1', 'b'],
      ],
      [['1', 'c']],
    ]);
  });

  it('never merges into what has been handed out', async () => {
    const { cache, source, clock } = await open({ merge: (a: number, b: number) => a + b }, options());
    const gate = new Gate();
    source.deeds.push(() => gate.hold(undefined));
    await cache.writeBehind('users', 'home', 1);
    await until(clock, 1_000, () => source.calls.length === 1);
    await cache.writeBehind('users', 'home', 2);
    await cache.writeBehind('users', 'home', 4);
    expect(await cache.get('home')).toBe(6);
    gate.fail(new Error('down'));
    await until(clock, 5_000, () => source.calls.length === 3);
    expect(source.written).toEqual([[['home', 1]], [['home', 1]], [['home', 6]]]);
    expect(source.calls[1]![0]!.id).toBe(source.calls[0]![0]!.id);
    expect(source.calls[2]![0]!.id).not.toBe(source.calls[0]![0]!.id);
  });

  it('delivers a full batch at once', async () => {
    const { cache, source, clock } = await open({ batchSize: 3 }, options());
    for (const key of ['1', '2', '3', '4']) await cache.writeBehind('users', key, key);
    await until(clock, 0, () => source.calls.length === 1);
    expect(source.written[0]).toHaveLength(3);
    await until(clock, 1_000, () => source.rows.size === 4);
  });

  it('delivers everything before the application ends', async () => {
    const { app, cache, source } = await open({}, options());
    await cache.writeBehind('users', '1', 'a');
    await app.close();
    expect(source.rows.get('1')).toBe('a');
    await expect(cache.writeBehind('users', '2', 'b')).rejects.toThrow(CacheBackendError);
  });

  it('rejects what cannot be kept, and accepts nothing of it', async () => {
    const { cache, source, clock } = await open({}, options());
    await cache.set('1', 'old');
    const refused: unknown = await cache.writeBehind('users', '1', { at: () => 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CacheSerializationError);
    expect(refused).toMatchObject({ operation: 'writeBehind' });
    expect(await cache.get('1')).toBe('old');
    await clock.pass(2_000);
    expect(source.calls).toEqual([]);
  });
});

describe('a handler that fails', () => {
  it('is called again with the same ids, later each time', async () => {
    const { cache, source, clock } = await open();
    source.deeds.push(...[1, 2, 3].map(() => () => Promise.reject(new Error('down'))));
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(1_000);
    expect(source.calls).toHaveLength(1);
    for (const backoff of [200, 400, 800]) {
      const before = source.calls.length;
      await clock.pass(backoff - 1);
      expect(source.calls).toHaveLength(before);
      await clock.pass(1);
      expect(source.calls).toHaveLength(before + 1);
    }
    expect(new Set(source.calls.flat().map(({ id }) => id)).size).toBe(1);
    expect(source.rows.get('1')).toBe('a');
    expect((await cache.getStats()).writeBehind).toEqual({
      users: { depth: 0, lag: 0, flushed: 1, retries: 3, deadLetters: 0 },
    });
  });

  it('is found among others that are written: only what fails by itself waits', async () => {
    const { cache, source, clock } = await open();
    source.always = (items) => {
      if (items.some(({ key }) => key === 'bad')) throw new Error('no such row');
    };
    await Promise.all(['1', '2', '3', 'bad', '5', '6', '7'].map((key) => cache.writeBehind('users', key, key)));
    await clock.pass(5_000);
    expect([...source.rows.keys()].toSorted()).toEqual(['1', '2', '3', '5', '6', '7']);
  });

  it('never overtakes a write with a later one of the same key', async () => {
    const { cache, source, clock } = await open({ merge: false });
    source.deeds.push(() => Promise.reject(new Error('down')));
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(1_000);
    await cache.writeBehind('users', '1', 'b');
    await cache.writeBehind('users', '2', 'x');
    await clock.pass(10_000);
    expect(source.written.flat().filter(([key]) => key === '1')).toEqual([
      ['1', 'a'],
      ['1', 'a'],
      ['1', 'b'],
    ]);
  });

  it('is tried for ever where nobody takes dead letters', async () => {
    const { cache, source, clock } = await open();
    source.always = () => Promise.reject(new Error('down'));
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(3_600_000);
    expect(source.calls.length).toBeGreaterThan(50);
    expect((await cache.getStats()).writeBehind!['users']!.depth).toBe(1);
    source.always = undefined;
    await clock.pass(60_000);
    expect(source.rows.get('1')).toBe('a');
  });

  it('hands over what it gives up, and the cache forgets it', async () => {
    const dead: unknown[] = [];
    const onDeadLetter = (items: readonly WriteBehindItem[], error: unknown): void => {
      dead.push([items.map(({ key, value }) => [key, value]), (error as Error).message]);
    };
    const { cache, source, clock } = await open({ attempts: 3, onDeadLetter });
    source.always = () => Promise.reject(new Error('no such row'));
    await cache.writeBehind('users', '1', 'a', { ttl: Infinity });
    await clock.pass(10_000);
    expect(source.calls).toHaveLength(3);
    expect(dead).toEqual([[[['1', 'a']], 'no such row']]);
    expect(await cache.get('1')).toBe(undefined);
    expect((await cache.getStats()).writeBehind!['users']).toMatchObject({ depth: 0, deadLetters: 1 });
  });

  it('gives up each by itself: no write goes with another one that fails', async () => {
    const dead: string[] = [];
    const { cache, source, clock } = await open({
      attempts: 2,
      onDeadLetter: (items) => dead.push(...items.map(({ key }) => key)),
    });
    source.always = (items) => {
      if (items.some(({ key }) => key === 'bad')) throw new Error('no such row');
    };
    await Promise.all(['1', '2', 'bad', '4'].map((key) => cache.writeBehind('users', key, key)));
    await clock.pass(60_000);
    expect(dead).toEqual(['bad']);
    expect([...source.rows.keys()].toSorted()).toEqual(['1', '2', '4']);
  });

  it('keeps what could not be handed over either', async () => {
    let refusals = 2;
    const dead: string[] = [];
    const onDeadLetter = (items: readonly WriteBehindItem[]): void => {
      if ((refusals -= 1) >= 0) throw new Error('the queue of dead letters is down');
      dead.push(...items.map(({ key }) => key));
    };
    const { cache, source, clock } = await open({ attempts: 1, onDeadLetter });
    source.always = () => Promise.reject(new Error('no such row'));
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(10_000);
    expect(dead).toEqual(['1']);
  });
});

describe('a queue that is full', () => {
  it('lets those who write wait, in their order, until there is room', async () => {
    const { cache, source, clock } = await open({ maxPending: 2, merge: false });
    await cache.writeBehind('users', '1', 'a');
    await cache.writeBehind('users', '1', 'b');
    const order: string[] = [];
    const waiting = ['c', 'd', 'e'].map((value) =>
      cache.writeBehind('users', '1', value).then(() => order.push(value)),
    );
    await clock.pass(500);
    expect(order).toEqual([]);
    await clock.pass(5_000);
    await Promise.all(waiting);
    expect(order).toEqual(['c', 'd', 'e']);
    expect(source.written.flat().map(([, value]) => value)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('refuses them in the end, and has taken nothing on', async () => {
    const { cache, source, clock } = await open({ maxPending: 1, maxWait: '3s' });
    source.always = () => Promise.reject(new Error('down'));
    await cache.writeBehind('users', '1', 'a');
    const refused = expect(cache.writeBehind('users', '2', 'b')).rejects.toMatchObject({
      code: 'CACHE_BACKEND',
      timedOut: true,
    });
    await clock.pass(3_000);
    await refused;
    expect(await cache.get('2')).toBe(undefined);
    expect((await cache.getStats()).writeBehind!['users']!.depth).toBe(1);
  });

  it('has room for what is merged into a write that waits', async () => {
    const { cache } = await open({ maxPending: 1 });
    await cache.writeBehind('users', '1', 'a');
    await cache.writeBehind('users', '1', 'b');
    expect(await cache.get('1')).toBe('b');
  });
});

describe('the cache around a write-behind', () => {
  it('stores nothing that was loaded before the write reached the source', async () => {
    const { cache, source, clock } = await open();
    const gate = new Gate();
    source.rows.set('1', 'old');
    const load = cache.getOrSet('1', async () => {
      const row = source.rows.get('1');
      await gate.hold(undefined);
      return row;
    });
    await gate.entered;
    await cache.writeBehind('users', '1', 'new');
    await clock.pass(1_000);
    gate.open();
    expect(await load).toBe('old');
    expect(await cache.get('1')).toBe('new');
  });

  it('forgets a value that was changed by others while it was on its way', async () => {
    const { cache, source, clock } = await open();
    const gate = new Gate();
    source.deeds.push(() => gate.hold(undefined));
    await cache.writeBehind('users', '1', 'new');
    await clock.pass(1_000);
    await cache.set('1', 'set by hand');
    gate.open();
    await clock.pass(0);
    expect(await cache.get('1')).toBe(undefined);
  });

  it('holds what was accepted, whatever its owner does to it later', async () => {
    const { cache, source, clock } = await open();
    const user = { name: 'Ann' };
    await cache.writeBehind('users', '1', user);
    user.name = 'Bob';
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
    await clock.pass(1_000);
    expect(source.rows.get('1')).toEqual({ name: 'Ann' });
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
  });

  it('keeps namespaces and tenants apart', async () => {
    let tenant = 'a';
    const { cache, source, clock } = await open({}, { varyBy: () => tenant });
    await cache.writeBehind('users', '1', 'of a');
    tenant = 'b';
    await cache.writeBehind('users', '1', 'of b');
    await cache.namespace('n').writeBehind('users', '1', 'of n');
    expect(await cache.get('1')).toBe('of b');
    tenant = 'a';
    expect(await cache.get('1')).toBe('of a');
    await clock.pass(1_000);
    expect(source.written).toEqual([
      [
        ['1', 'of a'],
        ['1', 'of b'],
        ['1', 'of n'],
      ],
    ]);
  });

  it('counts depth and lag', async () => {
    const { cache, clock } = await open({ delay: '10s' });
    await cache.writeBehind('users', '1', 'a');
    clock.advance(700);
    await cache.writeBehind('users', '2', 'b');
    clock.advance(300);
    expect((await cache.getStats()).writeBehind).toEqual({
      users: { depth: 2, lag: 1_000, flushed: 0, retries: 0, deadLetters: 0 },
    });
  });

  it('writes although the cache is switched off', async () => {
    const { cache, source, clock } = await open({}, { enabled: false });
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(1_000);
    expect(source.rows.get('1')).toBe('a');
    expect(await cache.get('1')).toBe(undefined);
  });
});

describe('a write-behind within afterCommit', () => {
  it('is handed over after the commit, in order, and is seen inside before', async () => {
    const { cache, source, clock } = await open({ merge: false });
    await cache.writeBehind('users', '1', 'before');
    await cache.afterCommit(async () => {
      await cache.writeBehind('users', '1', 'first');
      await cache.writeBehind('users', '1', 'second');
      await cache.writeBehind('users', '2', 'other');
      expect([await cache.get('1'), await cache.get('2'), await cache.ttl('2')]).toEqual(['second', 'other', 3_600]);
      await clock.pass(2_000);
      expect(source.written).toEqual([[['1', 'before']]]);
      expect(await cache.getStats()).toMatchObject({ writeBehind: { users: { depth: 0 } } });
    });
    expect([await cache.get('1'), await cache.get('2')]).toEqual(['second', 'other']);
    expect(await cache.getStats()).toMatchObject({ writeBehind: { users: { depth: 3 } } });
    await until(clock, 2_000, () => source.calls.flat().length === 4);
    expect(source.calls.flat().filter(({ key }) => key === '1').map(({ value }) => value)).toEqual(['before', 'first', 'second']); // prettier-ignore
    expect([await cache.get('1'), await cache.get('2')]).toEqual(['second', 'other']);
  });

  it('is not seen outside before the commit, and never after a rollback', async () => {
    const { cache, source, clock } = await open();
    const rolledBack = cache.afterCommit(async () => {
      await cache.writeBehind('users', '1', 'new');
      await clock.pass(0);
      throw new Error('rolled back');
    });
    expect(await cache.get('1')).toBeUndefined();
    await expect(rolledBack).rejects.toThrow('rolled back');
    await clock.pass(5_000);
    expect(source.calls).toEqual([]);
    expect(await cache.get('1')).toBeUndefined();
  });

  it('waits for the outer of two, and is forgotten with the inner', async () => {
    const { cache, source, clock } = await open();
    await cache.afterCommit(async () => {
      await cache.afterCommit(() => cache.writeBehind('users', '1', 'kept'));
      await cache
        .afterCommit(async () => {
          await cache.writeBehind('users', '2', 'lost');
          throw new Error('savepoint');
        })
        .catch(() => {});
      await clock.pass(2_000);
      expect(source.calls).toEqual([]);
    });
    await until(clock, 2_000, () => source.rows.size > 0);
    expect([...source.rows]).toEqual([['1', 'kept']]);
  });

  it('refuses at once what it would refuse outside', async () => {
    const { cache } = await open();
    await cache.afterCommit(async () => {
      await expect(cache.writeBehind('nobody', '1', 1)).rejects.toThrow(CacheOptionsError);
      await expect(cache.writeBehind('users', '1', () => {})).rejects.toThrow(CacheSerializationError);
      const value = { name: 'Ann' };
      await cache.writeBehind('users', '1', value);
      value.name = 'changed later';
    });
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
  });

  it('that the journal refuses after the commit is an error', async () => {
    const { cache, source, clock } = await open({ maxPending: 1, maxWait: '1s' });
    await cache.writeBehind('users', '1', 1);
    source.always = () => new Promise(() => {});
    const refused = cache.afterCommit(() => cache.writeBehind('users', '2', 2));
    const told = expect(refused).rejects.toThrow(CacheBackendError);
    for (let i = 0; i < 4; i += 1) await clock.pass(1_000);
    await told;
  });
});

describe('a journal', () => {
  it('that cannot be used stops the boot, and names the option', async () => {
    const dir = `${directory()}/file`;
    writeFileSync(dir, '');
    const opening = open({}, { writeBehind: { journal: 'file', dir } });
    await expect(opening).rejects.toThrow(/writeBehind\.dir must be a directory that can be written/);
  });

  it.each([
    [{ journal: 'file' }, /writeBehind\.dir must be given with journal 'file'/],
    [{ journal: 'disk' }, /writeBehind\.journal must be one of memory, file, bullmq/],
    [{ journal: 'memory', dir: '/tmp' }, /writeBehind\.dir must be left out/],
    [{ configKey: 'a' }, /writeBehind\.configKey must be left out/],
    [{ flushTimeout: 5 }, /writeBehind\.flushTimeout must be/],
    [{ file: '/tmp' }, /unknown option 'file'/],
  ])('is not configured by %j', async (writeBehind, message) => {
    await expect(open({}, { writeBehind } as never)).rejects.toThrow(message);
  });

  it('in files goes on where the application that was killed had it, and keeps out of the way of others', async () => {
    const dir = directory();
    const options: BlossomCacheOptions = { writeBehind: { journal: 'file', dir } };
    const first = await open(
      { delay: '1h' },
      { ...options, writeBehind: { ...options.writeBehind, flushTimeout: '0ms' } },
    );
    first.source.always = () => Promise.reject(new Error('down'));
    await first.cache.writeBehind('users', '1', 'a');
    await first.cache.writeBehind('users', '2', 'b');
    const other = await open({}, { prefix: 'other', ...options });
    await first.app.close();
    const second = await open({}, options);
    expect(await second.cache.get('1')).toBe('a');
    await until(second.clock, 1_000, () => second.source.rows.size === 2);
    expect(second.source.written).toEqual([
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ]);
    expect(other.source.calls).toEqual([]);
  });
});

describe('@WriteBehindHandler', () => {
  const boot = async (
    ...providers: Parameters<typeof Test.createTestingModule>[0]['providers'] & {}
  ): Promise<unknown> => {
    const testing = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers }).compile();
    return testing.init().finally(() => testing.close());
  };

  it('is needed: a queue that nobody handles is an error', async () => {
    const { cache } = await open();
    await expect(cache.writeBehind('orders', '1', 'a')).rejects.toThrow(/nobody handles the queue 'orders'/);
  });

  it.each([Symbol('users'), undefined, 1])('is never for a queue whose name is no text: %o', async (queue) => {
    const { cache } = await open();
    await expect(cache.writeBehind(queue as never, '1', 'a')).rejects.toThrow(CacheOptionsError);
  });

  it('is refused twice for one queue', async () => {
    const source = new Source();
    await expect(boot(usersWriter(source), usersWriterAgain(source))).rejects.toThrow(/'users' has a handler already/);
  });

  it('is one, by however many tokens its provider is known', async () => {
    @Injectable()
    class Users {
      @WriteBehindHandler('users')
      async write(_items: WriteBehindItem[]): Promise<void> {}
    }
    await boot(Users, { provide: 'users', useExisting: Users });
  });

  it.each([
    ['for each request', Scope.REQUEST],
    ['wherever it is used', Scope.TRANSIENT],
  ])('is refused on a provider that is made anew %s', async (_when, scope) => {
    @Injectable({ scope })
    class Many {
      @WriteBehindHandler('users')
      async write(_items: WriteBehindItem[]): Promise<void> {}
    }
    await expect(boot(Many)).rejects.toThrow(/Many\.write: there is no one instance/);
  });

  it('is refused for a cache that does not exist', async () => {
    const provider = usersWriter(new Source(), { cache: 'other' });
    await expect(boot(provider)).rejects.toThrow(/no cache named 'other'/);
  });

  it.each([
    [{ batchSize: 0 }, /batchSize must be/],
    [{ batchSize: null }, /batchSize must be/],
    [{ maxPending: null }, /maxPending must be/],
    [{ delay: 5 }, /delay must be/],
    [{ attempts: 3 }, /attempts must be given together with onDeadLetter/],
    [{ merge: true }, /merge must be/],
    [{ retries: 3 }, /unknown option 'retries'/],
  ])('refuses %j', (options, message) => {
    expect(() => usersWriter(new Source(), options as never)).toThrow(message);
    expect(() => usersWriter(new Source(), options as never)).toThrow(CacheOptionsError);
  });

  it('has its instance as this, also in its functions', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Counter {
      readonly factor = 10;

      @WriteBehindHandler('views', {
        merge(this: Counter, older: number, newer: number) {
          return older + newer * this.factor;
        },
      })
      async write(items: WriteBehindItem<number>[]): Promise<void> {
        seen.push(this.factor, items[0]!.value);
      }
    }
    const testing = await Test.createTestingModule({
      imports: [BlossomCacheModule.forRoot()],
      providers: [Counter],
    }).compile();
    const app = await testing.init();
    const cache = app.get(CacheService);
    await cache.writeBehind('views', 'home', 1);
    await cache.writeBehind('views', 'home', 2);
    await app.close();
    expect(seen).toEqual([10, 21]);
  });

  it('is waited for no longer than flushTimeout when the application ends', async () => {
    const { app, cache, source, clock } = await open({}, { writeBehind: { flushTimeout: '50ms' } });
    const gate = new Gate();
    source.always = () => gate.hold(undefined);
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(1_000);
    await app.close();
    expect(gate.inside).toBe(1);
    gate.open();
  });

  it('is waited for also with a flushTimeout of more days than a timer can count', async () => {
    const { app, cache, source, clock } = await open({}, { writeBehind: { flushTimeout: '30d' } });
    source.always = () => setTimeout(100);
    await cache.writeBehind('users', '1', 'a');
    await clock.pass(1_000);
    await app.close();
    expect(source.rows.get('1')).toBe('a');
  });
});

function usersWriterAgain(source: Source): ReturnType<typeof usersWriter> {
  return usersWriter(source, { batchSize: 1 });
}
