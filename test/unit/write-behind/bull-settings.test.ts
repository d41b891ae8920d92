import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import { bullSettings, type BullSettings, type BullSource } from '../../../lib/write-behind/bull.settings.js';
import { RedisServer } from '../../support/redis/redis-server.js';
import { BullRig, drained } from './bull-rig.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

@Module({})
class App {}

async function found(imports: DynamicModule[], source: BullSource): Promise<BullSettings> {
  const app = await NestFactory.createApplicationContext({ module: App, imports }, { logger: false });
  try {
    return await bullSettings(app.get(ModuleRef), source);
  } finally {
    await app.close();
  }
}

const here = (): { host: string; port: number } => ({ host: server.host, port: server.port });

describe('the connection of @nestjs/bullmq', () => {
  it('is that of BullModule.forRoot', async () => {
    const root = BullModule.forRoot({ connection: here(), prefix: 'app' });
    expect(await found([root], { queue: 'w' })).toEqual({ connection: here(), prefix: 'app' });
  });

  it('or of forRootAsync', async () => {
    const root = BullModule.forRootAsync({ useFactory: async () => ({ connection: here() }) });
    expect(await found([root], { queue: 'w' })).toEqual({ connection: here() });
  });

  it('or of the configuration that is named', async () => {
    const imports = [
      BullModule.forRoot({ connection: { port: 1 } }),
      BullModule.forRoot('writes', { connection: here() }),
    ];
    expect(await found(imports, { queue: 'w', configKey: 'writes' })).toEqual({ connection: here() });
  });

  it('or of the queue, where one of its name is registered', async () => {
    const imports = [
      BullModule.forRoot({ connection: { port: 1 }, prefix: 'app' }),
      BullModule.registerQueue({ name: 'w', connection: here() }),
    ];
    expect(await found(imports, { queue: 'w' })).toEqual({ connection: here(), prefix: 'app' });
  });

  it('is asked for in one line where there is none', async () => {
    await expect(found([], { queue: 'w' })).rejects.toThrow(CacheOptionsError);
    await expect(found([], { queue: 'w' })).rejects.toThrow(
      "journal 'bullmq' has no connection: import BullModule.forRoot({ connection }) of @nestjs/bullmq, or register the queue 'w'",
    );
  });

  it('may be an instance of ioredis, which is left open', async () => {
    const { Redis } = await import('ioredis');
    const connection = new Redis({ ...here(), maxRetriesPerRequest: null });
    const rig = new BullRig(server);
    const node = await rig.node({ settings: { connection } });
    await node.accept('k', 1);
    await drained(node);
    expect(node.values()).toEqual([1]);
    await rig.close();
    expect(await connection.ping()).toBe('PONG');
    expect(
      String(await connection.client('LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(1);
    connection.disconnect();
  });
});
