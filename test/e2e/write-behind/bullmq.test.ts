import { BullModule } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BlossomCacheModule, CacheService, type WriteBehindHandlerOptions } from '../../../lib/index.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { closeAll, directory, Gate, Source, usersWriter } from './behind-rig.js';

let server: RedisServer;
let apps: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await closeAll();
});
afterAll(() => server.stop());

async function open(
  source: Source,
  prefix: string,
  handler: WriteBehindHandlerOptions = {},
  connection: object | null = { host: server.host, port: server.port },
): Promise<CacheService> {
  const cache = BlossomCacheModule.forRoot({
    backend: 'file',
    cacheDir: directory(),
    prefix,
    encryptionKey: 'a secret of some length',
    writeBehind: { journal: 'bullmq', flushTimeout: '5s' },
  });
  const testing = await Test.createTestingModule({
    imports: [...(connection === null ? [] : [BullModule.forRoot({ connection })]), cache],
    providers: [usersWriter(source, { delay: '10ms', ...handler })],
  }).compile();
  const app = await testing.init();
  apps.push(app);
  return app.get(CacheService);
}

describe('write-behind over BullMQ', () => {
  it('answers reads in the accepting process until some process has written it', async () => {
    const [one, other] = [new Source(), new Source()];
    const gate = new Gate();
    one.always = other.always = () => gate.hold(undefined);
    const cache = await open(one, 'reads');
    await open(other, 'reads');
    await cache.writeBehind('users', '1', { name: 'Ann' });
    await cache.delete('1');
    await gate.entered;
    expect(await cache.get('1')).toEqual({ name: 'Ann' });
    expect((await cache.getStats()).writeBehind!['users']!.depth).toBe(1);
    gate.open();
    const rows = (): unknown[] => [...one.rows, ...other.rows];
    await vi.waitFor(() => expect(rows()).toEqual([['1', { name: 'Ann' }]]));
    await vi.waitFor(async () => expect((await cache.getStats()).writeBehind!['users']!.depth).toBe(0), 10_000);
  });

  it('keeps nothing readable in Redis where the cache is encrypted', async () => {
    const source = new Source();
    const gate = new Gate();
    source.always = () => gate.hold(undefined);
    const cache = await open(source, 'sealed');
    await cache.writeBehind('users', '1', 'a very secret value');
    await gate.entered;
    const keys = String(await server.command('KEYS', 'bull:sealed*'))
      .split('\n')
      .flatMap((line) => line.split(','));
    expect(keys.length).toBeGreaterThan(2);
    const lists = keys.filter((key) => key.includes(':w:'));
    const held = await Promise.all(lists.map((key) => server.command('LRANGE', key, '0', '-1')));
    expect(String(held)).toContain('"value":');
    expect(String(held)).not.toContain(Buffer.from('a very secret value').toString('base64').slice(0, 12));
    gate.open();
  });

  it('merges, retries and gives up as with any other journal', async () => {
    const source = new Source();
    const dead: unknown[] = [];
    source.always = (items) => {
      if (items.some(({ value }) => value === -1)) throw new Error('no such row');
    };
    const cache = await open(source, 'dead', {
      delay: '1s',
      backoff: '5ms',
      attempts: 3,
      merge: (older: number, newer: number) => older + newer,
      onDeadLetter: (items) => dead.push(...items.map(({ key, value }) => [key, value])),
    });
    await Promise.all([1, 2, 3].map((views) => cache.writeBehind('users', 'home', views)));
    await cache.writeBehind('users', 'bad', -1);
    await vi.waitFor(() => expect(dead).toEqual([['bad', -1]]), 10_000);
    await vi.waitFor(() => expect(source.rows.get('home')).toBe(6), 10_000);
    await vi.waitFor(async () => expect(await cache.get('bad')).toBe(undefined), 10_000);
  });

  it('delivers everything before the application ends', async () => {
    const source = new Source();
    const cache = await open(source, 'end', { delay: '1h' });
    await cache.writeBehind('users', '1', 'a');
    await apps.pop()!.close();
    expect(source.rows.get('1')).toBe('a');
  });

  it('says what is missing where BullModule is not imported', async () => {
    await expect(open(new Source(), 'none', {}, null)).rejects.toThrow(/import BullModule\.forRoot/);
    apps = [];
  });
});
