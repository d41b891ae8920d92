import { Inject, Injectable, Logger, Module, type OnModuleInit, type Provider, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest';
import {
  BlossomCacheModule,
  Cacheable,
  CacheConfig,
  CacheEvict,
  CacheOptionsError,
  CachePut,
  CacheService,
  InjectCache,
  type MemoryCacheOptions,
} from '../../../lib/index.js';

const apps: TestingModule[] = [];
let warn: MockInstance<Logger['warn']>;
const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));

beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(providers: Provider[], options: MemoryCacheOptions = {}): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot(options)], providers }).compile();
  apps.push(app);
  return app.init();
}

class Counting {
  runs = 0;
  @Cacheable()
  async find(id: number): Promise<string> {
    return `${id} ${(this.runs += 1)}`;
  }
  @CacheEvict({ of: 'find' })
  async change(_id: number): Promise<void> {}
}

@Injectable()
class Users extends Counting {}

it('without the module the boot fails and says what to import', async () => {
  const compiled = Test.createTestingModule({ providers: [Users] }).compile();
  await expect(compiled).rejects.toThrow(/Users.*BlossomCacheModule\.forRoot\(\).*imports of the root module/s);
});

it('without the named cache the boot fails and says how it is named', async () => {
  @Injectable()
  class ByMethod {
    @Cacheable({ cache: 'llm' })
    async find(): Promise<void> {}
  }
  @CacheConfig({ cache: 'geo' })
  @Injectable()
  class ByClass extends Counting {}
  await expect(start([ByMethod])).rejects.toThrow(/BlossomCacheModule\.forRoot\(\{ name: 'llm' \}\)/);
  await expect(start([ByClass])).rejects.toThrow(/BlossomCacheModule\.forRoot\(\{ name: 'geo' \}\)/);
});

it('J33: without Nest a decorated class is a plain class', async () => {
  const users = new Users();
  expect([await users.find(1), await users.find(1), await users.change(1)]).toEqual(['1 1', '1 2', undefined]);
  expect(Object.keys(users)).toEqual(['runs']);
  expect(structuredClone({ ...users })).toEqual({ runs: 2 });
});

it('J33: with enabled: false methods run plainly and nothing is stored', async () => {
  @Injectable()
  class Service extends Counting {
    @CachePut({ key: 'k' })
    async put(): Promise<number> {
      return 1;
    }
  }
  const app = await start([Service], { enabled: false });
  const service = app.get(Service);
  expect([await service.find(1), await service.find(1), await service.put()]).toEqual(['1 1', '1 2', 1]);
  await service.change(1);
  expect(await app.get(CacheService).exists('k')).toBe(false);
});

it('named caches: each decorator uses its own', async () => {
  @CacheConfig({ cache: 'geo' })
  @Injectable()
  class Places {
    runs = 0;
    constructor(
      @InjectCache('geo') readonly geo: CacheService,
      @InjectCache('llm') readonly llm: CacheService,
    ) {}
    @Cacheable({ key: 'k' })
    async find(): Promise<number> {
      return (this.runs += 1);
    }
    @Cacheable({ key: 'k', cache: 'llm' })
    async ask(): Promise<string> {
      return `answer ${(this.runs += 1)}`;
    }
    @CacheEvict({ key: 'k', cache: 'llm' })
    async forget(): Promise<void> {}
  }
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot({ name: 'geo' }), BlossomCacheModule.forRoot({ name: 'llm' })],
    providers: [
      Places,
      { provide: 'made', useFactory: (geo, llm) => new Places(geo, llm), inject: [CacheService, CacheService] },
    ],
  })
    .useMocker(() => ({}))
    .compile();
  apps.push(await app.init());
  const places = app.get(Places);
  expect([await places.find(), await places.ask(), await places.find(), await places.ask()]).toEqual([
    1, 'answer 2', 1, 'answer 2',
  ]); // prettier-ignore
  await places.forget();
  expect([await places.geo.get('k'), await places.llm.exists('k')]).toEqual([1, false]);
  expect(await app.get<Places>('made').find()).toBe(1);
});

it('O5b: instances from useFactory and useValue are bound at boot', async () => {
  const value = new Users();
  const app = await start([
    { provide: 'factory', useFactory: () => new Users() },
    { provide: 'later', useFactory: async () => new Users() },
    { provide: 'value', useValue: value },
  ]);
  const made = [app.get<Users>('factory'), app.get<Users>('later'), value];
  for (const users of made) expect(await users.find(1)).toBe('1 1');
  expect(made.map(({ runs }) => runs)).toEqual([1, 0, 0]);
  expect(warn).not.toHaveBeenCalled();
  expect(Object.keys(value)).toEqual(['runs']);
});

it('O2, O5b: a made instance is cached already when other modules initialise', async () => {
  @Injectable()
  class Early implements OnModuleInit {
    found: string[] = [];
    constructor(@Inject('users') private readonly users: Users) {}
    async onModuleInit(): Promise<void> {
      this.found = [await this.users.find(1), await this.users.find(1)];
    }
  }
  const app = await start([Early, { provide: 'users', useFactory: () => new Users() }]);
  expect(app.get(Early).found).toEqual(['1 1', '1 1']);
});

it('O5b: an instance that cannot be bound is named in one warning', async () => {
  const frozen = Object.freeze(Object.assign(new Users(), { runs: 0 }));
  const app = await start([
    { provide: 'frozen', useValue: frozen },
    { provide: 'too', useValue: frozen },
  ]);
  await expect(app.get<Users>('frozen').find(1)).rejects.toThrow(TypeError);
  expect(warnings()).toEqual([expect.stringMatching(/^Users is not cached/)]);
});

it('O5b: an instance made for a cache that is not there is named in one warning', async () => {
  class Elsewhere {
    @Cacheable({ cache: 'elsewhere' })
    async find(): Promise<number> {
      return 1;
    }
  }
  const app = await start([
    { provide: 'a', useValue: new Elsewhere() },
    { provide: 'b', useValue: new Elsewhere() },
  ]);
  expect(await app.get<Elsewhere>('a').find()).toBe(1);
  expect(warnings()).toEqual([expect.stringMatching(/Elsewhere.*'elsewhere'/)]);
});

it.each([
  ['an object', () => ({})],
  ['a function', () => vi.fn()],
  [
    'a proxy that answers everything',
    () => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : vi.fn()) }),
  ],
])("O5b: a testing module's auto-mock, %s, is not taken for the engine", async (_what, mock) => {
  const app = await Test.createTestingModule({ providers: [Users] })
    .useMocker(mock)
    .compile();
  apps.push(await app.init());
  const users = app.get(Users);
  expect([await users.find(1), await users.find(1)]).toEqual(['1 1', '1 2']);
});

it('an override of a decorated provider runs as it is', async () => {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers: [Users] })
    .overrideProvider(Users)
    .useValue({ find: async () => 'stub' })
    .compile();
  apps.push(await app.init());
  expect(await app.get(Users).find(1)).toBe('stub');
});

class AllEntries {
  @CacheEvict({ allEntries: true })
  async reset(): Promise<void> {}
}

class OfPlain {
  async find(): Promise<void> {}
  @CacheEvict({ of: 'find' })
  async change(): Promise<void> {}
}

class OfNothing {
  @CachePut({ of: 'gone' as 'put' })
  async put(): Promise<void> {}
}

it.each<[string, Type, RegExp]>([
  ['allEntries without a namespace', AllEntries, /allEntries.*namespace/],
  ['of a method that is not cached', OfPlain, /'find'/],
  ['put as a method that is not there', OfNothing, /'gone'/],
])('the boot refuses %s', async (_why, type, message) => {
  const error: unknown = await start([type]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CacheOptionsError);
  expect(String(error)).toMatch(message);
  expect(String(error)).toContain(type.name);
});

it('what the boot refuses of a class it refuses of made instances and in modules below too', async () => {
  @Module({ providers: [{ provide: 'made', useFactory: () => new AllEntries() }] })
  class Feature {}
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot(), Feature] }).compile();
  apps.push(app);
  await expect(app.init()).rejects.toThrow(/allEntries/);
});

it('allEntries with the namespace of the class or of the decorator boots', async () => {
  @CacheConfig({ namespace: 'users' })
  class ByClass extends AllEntries {}
  await start([ByClass]);
});
