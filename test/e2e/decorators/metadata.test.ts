import {
  Controller,
  Get,
  Injectable,
  Param,
  ParseIntPipe,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Query as HttpQuery } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { Cron, Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheEvict, CacheService, CacheTags } from '../../../lib/index.js';

const apps: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** As `@nestjs/swagger` does: an entry by entry of what is on the method already. */
const ApiResponse =
  (status: number, description: string): MethodDecorator =>
  (_target, _key, descriptor: PropertyDescriptor) => {
    const known = Reflect.getMetadata('swagger/apiResponse', descriptor.value) ?? {};
    Reflect.defineMetadata('swagger/apiResponse', { ...known, [status]: { description } }, descriptor.value);
    return descriptor as never;
  };

/** As `@nestjs/graphql` does: on the method. */
const Query =
  (name: string): MethodDecorator =>
  (_target, _key, descriptor: PropertyDescriptor) => {
    SetMetadata('graphql:resolver_type', 'Query')(_target, _key as string, descriptor);
    SetMetadata('graphql:resolver_name', name)(_target, _key as string, descriptor);
  };

const Roles = (...roles: string[]): MethodDecorator => SetMetadata('roles', roles) as MethodDecorator;

class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return !(new Reflector().get<string[]>('roles', context.getHandler()) ?? []).includes('nobody');
  }
}

@Controller('users')
class Both {
  runs = 0;
  @Get('above/:id')
  @Roles('admin')
  @ApiResponse(200, 'ok')
  @ApiResponse(404, 'gone')
  @MessagePattern('above')
  @Query('above')
  @UseGuards(RolesGuard)
  @Cacheable({ varyBy: 'public' })
  @CacheTags('user')
  async above(@Param('id', ParseIntPipe) id: number, @HttpQuery('q') q?: string): Promise<unknown> {
    return { id, q, run: (this.runs += 1) };
  }

  @Cacheable({ varyBy: 'public' })
  @CacheTags('user')
  @Get('below/:id')
  @Roles('admin')
  @ApiResponse(200, 'ok')
  @ApiResponse(404, 'gone')
  @MessagePattern('below')
  @Query('below')
  @UseGuards(RolesGuard)
  async below(@Param('id', ParseIntPipe) id: number, @HttpQuery('q') q?: string): Promise<unknown> {
    return { id, q, run: (this.runs += 1) };
  }

  @Get('mixed/:id')
  @Cacheable({ varyBy: 'public' })
  @Roles('admin')
  @ApiResponse(200, 'ok')
  @CacheTags('user')
  @ApiResponse(404, 'gone')
  @CacheEvict({ key: 'k' })
  @MessagePattern('mixed')
  @Query('mixed')
  @UseGuards(RolesGuard)
  async mixed(@Param('id', ParseIntPipe) id: number, @HttpQuery('q') q?: string): Promise<unknown> {
    return { id, q, run: (this.runs += 1) };
  }

  @Cacheable({ varyBy: 'public' })
  @Get('closed')
  @Roles('nobody')
  @UseGuards(RolesGuard)
  async closed(): Promise<string> {
    return 'secret';
  }
}

it.each(['above', 'below', 'mixed'] as const)(
  'O1, J23: metadata of other decorators survives, cache decorators %s',
  async (name) => {
    const method = Both.prototype[name];
    expect([method.name, method.length]).toEqual([name, 2]);
    const plain = class {
      async method(_id: number, _q?: string): Promise<void> {}
    };
    const descriptors = [Both.prototype, plain.prototype].map((type, i) =>
      Object.getOwnPropertyDescriptor(type, i === 0 ? name : 'method')!,
    );
    for (const flag of ['enumerable', 'configurable', 'writable'] as const)
      expect(descriptors[0]![flag]).toBe(descriptors[1]![flag]);
    const read = (key: string): unknown => Reflect.getMetadata(key, method);
    expect(read('roles')).toEqual(['admin']);
    expect(read('path')).toBe(`${name}/:id`);
    expect(read('swagger/apiResponse')).toEqual({ 200: { description: 'ok' }, 404: { description: 'gone' } });
    expect([read('graphql:resolver_type'), read('graphql:resolver_name')]).toEqual(['Query', name]);
    expect(read('microservices:pattern')).toEqual([name]);
    expect(read('__guards__')).toEqual([RolesGuard]);
    expect(Reflect.getMetadata('design:paramtypes', Both.prototype, name)).toEqual([Number, String]);
    expect(Reflect.getMetadata('design:returntype', Both.prototype, name)).toBe(Promise);
  },
);

it.each(['above', 'below', 'mixed'])(
  'O1: the route works, guards and pipes included, cache decorators %s',
  async (name) => {
    const module = await Test.createTestingModule({
      imports: [BlossomCacheModule.forRoot()],
      controllers: [Both],
    }).compile();
    apps.push(module);
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const get = async (path: string): Promise<{ status: number; body: unknown; cache: string | null }> => {
      const answer = await fetch(`${await app.getUrl()}/users/${path}`);
      return { status: answer.status, body: await answer.json(), cache: answer.headers.get('x-cache') };
    };
    const first = { status: 200, body: { id: 1, q: 'a', run: 1 } };
    expect(await get(`${name}/1?q=a`)).toEqual({ ...first, cache: 'MISS' });
    expect(await get(`${name}/1?q=a`)).toEqual({ ...first, cache: 'HIT' });
    expect(await get(`${name}/1`)).toMatchObject({ body: { id: 1, run: 2 }, cache: 'MISS' });
    expect(await get(`${name}/x`)).toMatchObject({ status: 400 });
    expect(await get('closed')).toMatchObject({ status: 403 });
    await app.close();
  },
);

it('O1: @Cron and @Interval find their methods, in both orders', async () => {
  @Injectable()
  class Jobs {
    @Cron('0 0 1 1 *', { name: 'cron above' })
    @Cacheable()
    async a(): Promise<void> {}
    @Cacheable()
    @Cron('0 0 1 1 *', { name: 'cron below' })
    async b(): Promise<void> {}
    @Interval('interval above', 100_000)
    @Cacheable()
    async c(): Promise<void> {}
    @Cacheable()
    @Interval('interval below', 100_000)
    async d(): Promise<void> {}
  }
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot(), ScheduleModule.forRoot()],
    providers: [Jobs],
  }).compile();
  apps.push(await app.init());
  const registry = app.get(SchedulerRegistry);
  expect([...registry.getCronJobs().keys()]).toEqual(['cron above', 'cron below']);
  expect(registry.getIntervals()).toEqual(['interval above', 'interval below']);
});

it('J23: this, all arguments and their number reach the body', async () => {
  @Injectable()
  class Service {
    calls: unknown[] = [];
    @Cacheable({ key: (id: number) => `${id}` })
    async find(_id: number): Promise<void> {
      // eslint-disable-next-line prefer-rest-params -- the number of arguments is what is looked at
      this.calls.push([...arguments]);
    }
  }
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot()],
    providers: [Service],
  }).compile();
  apps.push(await app.init());
  const service = app.get(Service) as unknown as { calls: unknown[]; find(...args: unknown[]): Promise<void> };
  await service.find(1, 'two', undefined);
  await service.find(2);
  expect(service.calls).toEqual([[1, 'two', undefined], [2]]);
});

/** What apps write by hand: a wrapper that copies nothing. */
const Retry = (): MethodDecorator => (_target, _key, descriptor: PropertyDescriptor) => {
  const body = descriptor.value as (...args: unknown[]) => Promise<unknown>;
  descriptor.value = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return body.apply(this, args).catch(() => body.apply(this, args));
  };
};

@Injectable()
class Below {
  runs = 0;
  @Retry()
  @Cacheable()
  async find(): Promise<number> {
    return (this.runs += 1);
  }
}

@Injectable()
class Above {
  runs = 0;
  @Cacheable()
  @Retry()
  async find(): Promise<number> {
    this.runs += 1;
    return this.runs === 1 ? Promise.reject(new Error('once')) : this.runs;
  }
}

@Injectable()
class Evicting extends Below {
  @CacheEvict({ of: 'find' })
  async change(): Promise<void> {}
}

it.each([
  ['below', 'constructed by Nest', Below, 1],
  ['below', 'made by a factory', { provide: Below, useFactory: () => new Below() }, 1],
  ['above', 'constructed by Nest', Above, 2],
  ['above', 'made by a factory', { provide: Above, useFactory: () => new Above() }, 2],
])('O1: %s a wrapper that copies nothing a method is cached, %s', async (_where, _how, provider, runs) => {
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot()],
    providers: [provider],
  }).compile();
  apps.push(await app.init());
  const service = app.get<Below>('provide' in provider ? provider.provide : provider);
  expect([await service.find(), await service.find(), service.runs]).toEqual([runs, runs, runs]);
});

it('O1: what is cached below a wrapper that copies nothing can be evicted', async () => {
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot()],
    providers: [Evicting],
  }).compile();
  apps.push(await app.init());
  const service = app.get(Evicting);
  expect(await service.find()).toBe(1);
  await service.change();
  expect(await service.find()).toBe(2);
  expect(app.get(CacheService).keyOf(service, 'find', [])).toMatch(/^Evicting\.find:/);
});
