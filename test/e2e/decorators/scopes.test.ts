import { Injectable, Module, Scope, type INestApplicationContext, type OnModuleInit, type Type } from '@nestjs/common';
import {
  ContextIdFactory,
  ModuleRef,
  NestFactory,
  REQUEST,
  type ContextId,
  type HostComponentInfo,
} from '@nestjs/core';
import { Inject, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheService } from '../../../lib/index.js';

const apps: { close(): Promise<void> }[] = [];
let warn: MockInstance<Logger['warn']>;

beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(...providers: Type[]): Promise<INestApplicationContext> {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers }).compile();
  apps.push(app);
  return app.init();
}

class Counting {
  runs = 0;
  @Cacheable()
  async find(id: number): Promise<string> {
    return `${id} ${(this.runs += 1)}`;
  }
}

it('O2: a provider is cached from the constructor and from onModuleInit of another one', async () => {
  @Injectable()
  class Users extends Counting {}
  @Injectable()
  class Early implements OnModuleInit {
    readonly found: Promise<string>;
    later: string | undefined;
    constructor(@Inject(Users) private readonly users: Users) {
      this.found = users.find(1);
    }
    async onModuleInit(): Promise<void> {
      this.later = await this.users.find(1);
    }
  }
  const early = (await start(Early, Users)).get(Early);
  expect([await early.found, early.later]).toEqual(['1 1', '1 1']);
});

it('O2: cached after compile() without init()', async () => {
  @Injectable()
  class Users extends Counting {}
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers: [Users] }).compile();
  apps.push(app);
  const users = app.get(Users);
  expect([await users.find(1), await users.find(1)]).toEqual(['1 1', '1 1']);
});

@Injectable({ scope: Scope.REQUEST })
class PerRequest extends Counting {
  constructor(@Inject(REQUEST) readonly request: { user: string }) {
    super();
  }
  @Cacheable({
    key: 'mine',
    varyBy(this: PerRequest) {
      return this.request.user;
    },
  } as { key: string; varyBy: () => string })
  async mine(): Promise<string> {
    return `${this.request.user} ${(this.runs += 1)}`;
  }
}

it('O4, J24: REQUEST-scoped providers share entries, each call with the this of its own request', async () => {
  const app = await start(PerRequest);
  const forUser = (user: string): Promise<PerRequest> => {
    const contextId = ContextIdFactory.create();
    app.get(ModuleRef).registerRequestByContextId({ user }, contextId);
    return app.resolve(PerRequest, contextId);
  };
  const [ann, bea] = await Promise.all([forUser('ann'), forUser('bea')]);
  expect(ann).not.toBe(bea);
  expect([await ann.find(1), await bea.find(1)]).toEqual(['1 1', '1 1']);
  expect(bea.runs).toBe(0);
  expect([await bea.mine(), await ann.mine(), await (await forUser('bea')).mine()]).toEqual([
    'bea 1',
    'ann 2',
    'bea 1',
  ]);
});

it('O4: a REQUEST-scoped class cached by its arguments alone gets one warning at boot', async () => {
  @Injectable({ scope: Scope.REQUEST })
  class Careless extends Counting {}
  const app = await start(Careless, PerRequest);
  for (let i = 0; i < 3; i += 1) await (await app.resolve(Careless)).find(1);
  const warnings = warn.mock.calls
    .map(([message]) => String(message))
    .filter((message) => message.includes('Careless'));
  expect(warnings).toEqual([expect.stringMatching(/request-scoped.*varyBy/)]);
});

it('O4: TRANSIENT providers share entries', async () => {
  @Injectable({ scope: Scope.TRANSIENT })
  class Each extends Counting {}
  const app = await start(Each);
  const [one, other] = [await app.resolve(Each), await app.resolve(Each)];
  expect(one).not.toBe(other);
  expect([await one.find(1), await other.find(1)]).toEqual(['1 1', '1 1']);
});

it('O4: durable providers are cached', async () => {
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Durable extends Counting {
    constructor(@Inject(REQUEST) readonly tenant: { id: string }) {
      super();
    }
  }
  const tree: ContextId = ContextIdFactory.create();
  ContextIdFactory.apply({
    attach: (contextId: ContextId) => ({
      resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tree : contextId),
      payload: { id: 't' },
    }),
  });
  try {
    const app = await start(Durable);
    const resolve = (): Promise<Durable> => app.resolve(Durable, ContextIdFactory.getByRequest({}));
    const [one, other] = [await resolve(), await resolve()];
    expect([await one.find(1), await other.find(1)]).toEqual(['1 1', '1 1']);
  } finally {
    ContextIdFactory.apply(undefined as never);
  }
});

it('O6: two apps of one process each use their own cache, also after one has closed', async () => {
  @Injectable()
  class Users extends Counting {}
  const [first, second] = [await start(Users), await start(Users)];
  await first.get(CacheService).set(first.get(CacheService).keyOf(first.get(Users), 'find', [1]), 'of the first');
  expect([await first.get(Users).find(1), await second.get(Users).find(1)]).toEqual(['of the first', '1 1']);
  await first.close();
  expect([await second.get(Users).find(1), await second.get(Users).find(2)]).toEqual(['1 1', '2 2']);
  expect(await second.get(Users).find(2)).toBe('2 2');
  // Whoever still calls into the closed one gets an answer.
  expect(await first.get(Users).find(9)).toBe('9 1');
});

it('O18: a call through this is cached', async () => {
  @Injectable()
  class Users extends Counting {
    outer(id: number): Promise<string> {
      return this.find(id);
    }
  }
  const users = (await start(Users)).get(Users);
  expect([await users.outer(1), await users.outer(1), await users.find(1)]).toEqual(['1 1', '1 1', '1 1']);
});

it('O18: a detached method fails as plain JavaScript does; bound, called or applied it is cached', async () => {
  @Injectable()
  class Users extends Counting {}
  const users = (await start(Users)).get(Users);
  const { find } = users;
  await expect(find(1)).rejects.toThrow(TypeError);
  const bound = users.find.bind(users);
  expect([await bound(1), await find.call(users, 1), await find.apply(users, [1])]).toEqual(['1 1', '1 1', '1 1']);
});

@Injectable()
class Private {
  #runs = 0;
  @Cacheable()
  async find(id: number): Promise<string> {
    return `${id} ${(this.#runs += 1)}`;
  }
}

/** What instrumentation puts around a provider: methods run on the target, as #private fields demand. */
function instrumented<T extends object>(target: T): T {
  return new Proxy(target, {
    get(from, name) {
      const value: unknown = Reflect.get(from, name, from);
      return typeof value === 'function' ? (...args: unknown[]) => value.apply(from, args) as unknown : value;
    },
  });
}

it.each([
  ['methods called on the target', instrumented],
  ['nothing intercepted', <T extends object>(target: T) => new Proxy(target, {})],
])('O20: a provider wrapped in a Proxy, %s, is cached', async (_how, wrap) => {
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot()],
    providers: [
      { provide: 'users', useFactory: () => wrap(new Counting()) },
      { provide: 'private', useFactory: () => instrumented(new Private()) },
    ],
  }).compile();
  apps.push(await app.init());
  const users = app.get<Counting>('users');
  expect([await users.find(1), await users.find(1)]).toEqual(['1 1', '1 1']);
  const own = app.get<Private>('private');
  expect([await own.find(1), await own.find(1)]).toEqual(['1 1', '1 1']);
  expect(warn).not.toHaveBeenCalled();
});

it.each([
  ['methods called on the target', instrumented],
  // Nest itself cannot use its Map of modules through such a Proxy.
  ['nothing intercepted', <T extends object>(target: T) => (target instanceof Map ? target : new Proxy(target, {}))],
])('O20: an app whose instanceDecorator wraps every provider in a Proxy, %s, works', async (_how, wrap) => {
  @Injectable()
  class Users extends Counting {}
  @Module({
    imports: [BlossomCacheModule.forRoot()],
    providers: [Users, { provide: 'made', useFactory: () => new Counting() }],
  })
  class App {}
  const instanceDecorator = (instance: unknown): unknown =>
    typeof instance === 'object' && instance !== null ? wrap(instance) : instance;
  const app = await NestFactory.createApplicationContext(App, {
    logger: false,
    abortOnError: false,
    instrument: { instanceDecorator },
  });
  apps.push(app);
  for (const users of [app.get(Users), app.get<Counting>('made')]) {
    expect([await users.find(1), await users.find(1)]).toEqual(['1 1', '1 1']);
  }
  expect(await app.get(CacheService).getStats()).toMatchObject({ hits: 2, misses: 2 });
});
