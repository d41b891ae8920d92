import {
  Controller,
  Get,
  Inject,
  Injectable,
  Param,
  Req,
  SetMetadata,
  type BeforeApplicationShutdown,
  type INestApplication,
  type OnModuleDestroy,
  type Type,
} from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer, type AddressInfo } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheEvict, CacheService } from '../../../lib/index.js';

const apps: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function module(...controllers: Type[]): object {
  return { module: class App {}, imports: [BlossomCacheModule.forRoot()], controllers, providers: controllers };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

@Injectable()
@Controller('users')
class Users {
  runs = 0;
  @Get(':id')
  @Cacheable({ key: (id: string) => `user:${id}` })
  async overHttp(@Param('id') id: string): Promise<{ id: string; run: number }> {
    return this.find(id);
  }
  @MessagePattern('user')
  @Cacheable({ key: (id: string) => `user:${id}` })
  async overTcp(@Payload() id: string): Promise<{ id: string; run: number }> {
    return this.find(id);
  }
  // As @Query() of a resolver and @SubscribeMessage() of a gateway leave it.
  @SetMetadata('graphql:resolver_type', 'Query')
  @SetMetadata('websockets:message_mapping', true)
  @Cacheable()
  async find(id: string): Promise<{ id: string; run: number }> {
    return { id, run: (this.runs += 1) };
  }
  @MessagePattern('change')
  @CacheEvict({ key: (id: string) => `user:${id}`, of: 'find' })
  async change(@Payload() _id: string): Promise<boolean> {
    return true;
  }
}

it.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('O24: one class over HTTP on %s and TCP in a hybrid app shares its entries', async (_on, adapter) => {
  const app = await NestFactory.create(module(Users) as Type, adapter(), { logger: false });
  apps.push(app);
  const port = await freePort();
  app.connectMicroservice(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
    { inheritAppConfig: true },
  );
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  const http = async (id: string): Promise<{ body: unknown; cache: string | null }> => {
    const answer = await fetch(`${await app.getUrl()}/users/${id}`);
    return { body: await answer.json(), cache: answer.headers.get('x-cache') };
  };
  const tcp = (pattern: string, id: string): Promise<unknown> => firstValueFrom(client.send(pattern, id));
  try {
    expect(await http('1')).toEqual({ body: { id: '1', run: 1 }, cache: 'MISS' });
    expect(await tcp('user', '1')).toEqual({ id: '1', run: 1 });
    expect(await tcp('user', '2')).toEqual({ id: '2', run: 2 });
    expect(await http('2')).toEqual({ body: { id: '2', run: 2 }, cache: 'HIT' });
    expect(await tcp('change', '1')).toBe(true);
    expect(await http('1')).toEqual({ body: { id: '1', run: 3 }, cache: 'MISS' });
  } finally {
    client.close();
  }
});

it('O24: called as resolvers and gateways call it, through the global interceptors of another context', async () => {
  const app = await NestFactory.create(module(Users) as Type, { logger: false });
  apps.push(await app.init());
  const users = app.get(Users);
  for (const type of ['graphql', 'ws']) {
    const call = app.get(ExternalContextCreator).create(
      users, users.find as never, 'find', undefined, undefined, undefined, undefined, undefined, type,
    ) as (id: string) => Promise<unknown>; // prettier-ignore
    expect([await call('7'), await call('7')]).toEqual([
      { id: '7', run: 1 },
      { id: '7', run: 1 },
    ]);
  }
});

@Controller()
class Slow implements OnModuleDestroy, BeforeApplicationShutdown {
  runs = 0;
  readonly answers: string[] = [];
  url = '';
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}
  @Get()
  @Cacheable({ key: 'k' })
  async find(): Promise<string> {
    return `run ${(this.runs += 1)}`;
  }
  async onModuleDestroy(): Promise<void> {
    this.answers.push(await (await fetch(this.url)).text());
  }
  async beforeApplicationShutdown(): Promise<void> {
    this.answers.push(await (await fetch(this.url)).text(), (await this.cache.get<string>('k'))!);
  }
}

it('O22: HTTP is served from the cache after onModuleDestroy, until the server has closed', async () => {
  const app = await NestFactory.create(module(Slow) as Type, { logger: false, forceCloseConnections: true });
  await app.listen(0, '127.0.0.1');
  const slow = app.get(Slow);
  slow.url = await app.getUrl();
  await fetch(slow.url);
  await app.close();
  expect(slow.answers).toEqual(['run 1', 'run 1', 'run 1']);
});

it.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('a request of %s among the arguments is not keyed: the method runs uncached', async (_on, adapter) => {
  @Controller()
  class Requests {
    runs = 0;
    @Get()
    async serve(@Req() request: unknown): Promise<string> {
      return `${await this.find(request)} ${await this.find({ of: request })}`;
    }
    @Cacheable()
    async find(_request: unknown): Promise<number> {
      return (this.runs += 1);
    }
  }
  const app = await NestFactory.create(module(Requests) as Type, adapter(), { logger: false });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  expect(await (await fetch(await app.getUrl())).text()).toBe('1 2');
  expect(await (await fetch(await app.getUrl())).text()).toBe('3 4');
});
