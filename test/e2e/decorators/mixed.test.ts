import { Injectable, Module, Scope, type Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { firstValueFrom, from, Observable, of, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheEvict, CachePut, CacheService } from '../../../lib/index.js';

const open: TestingModule[] = [];
const warnings: string[] = [];
const logger = {
  log: () => {},
  error: () => {},
  warn: (message: unknown) => void warnings.push(String(message)),
};

async function start(...providers: Provider[]): Promise<TestingModule> {
  @Module({ imports: [BlossomCacheModule.forRoot()], providers })
  class App {}
  const app = await Test.createTestingModule({ imports: [App] })
    .setLogger(logger)
    .compile();
  open.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
  warnings.length = 0;
});

describe('an Observable method', () => {
  @Injectable()
  class Users {
    loads = 0;
    @Cacheable({ key: 'k' })
    find(): Observable<unknown> {
      this.loads += 1;
      return of('loaded');
    }
    @CachePut({ key: 'k' })
    async put(): Promise<unknown> {
      return { put: true };
    }
    @CachePut({ key: 'k' })
    broken(): Observable<unknown> {
      return of(() => 1);
    }
    @Cacheable({ key: 'many' })
    many(values: unknown[]): Observable<unknown> {
      return from(values);
    }
  }
  const emitted = (source: Observable<unknown>): Promise<unknown[]> => firstValueFrom(source.pipe(toArray()));

  it('emits what a Promise method has put', async () => {
    const users = (await start(Users)).get(Users);
    await users.put();
    expect(await emitted(users.find())).toEqual([{ put: true }]);
    expect(users.loads).toBe(0);
  });

  it('emits what was stored by hand', async () => {
    const app = await start(Users);
    await app.get(CacheService).set('k', ['a', 'list']);
    expect(await emitted(app.get(Users).find())).toEqual([['a', 'list']]);
  });

  it.each([[[]], [['one']], [[1, 2, 3]], [[{ '~emissions': [1] }]], [[undefined]], [[[1, 2]]]])(
    'emits %j again',
    async (values) => {
      const users = (await start(Users)).get(Users);
      expect(await emitted(users.many(values))).toEqual(values);
      expect(await emitted(users.many(['other']))).toEqual(values);
    },
  );

  it('that puts what cannot be kept removes what it replaces', async () => {
    const app = await start(Users);
    await app.get(CacheService).set('k', 'old');
    await firstValueFrom(app.get(Users).broken());
    expect(await app.get(CacheService).exists('k')).toBe(false);
  });
});

it('a put that does not declare what it returns, after an early eviction, does not leave the old value', async () => {
  @Injectable()
  class Users {
    @CachePut({ key: 'k' })
    @CacheEvict({ key: 'other', beforeInvocation: true })
    put(): Promise<string> & object {
      return Promise.resolve('new');
    }
  }
  const app = await start(Users);
  await app.get(CacheService).set('k', 'old');
  expect(await app.get(Users).put()).toBe('new');
  expect(await app.get(CacheService).get('k')).not.toBe('old');
});

it.each([Scope.REQUEST, Scope.TRANSIENT])(
  'O5b: what a factory of scope %i makes is named in one warning',
  async (scope) => {
    @Injectable()
    class Users {
      @Cacheable({ key: 'k' })
      async find(): Promise<number> {
        return 1;
      }
    }
    const app = await start({ provide: Users, scope, useFactory: () => new Users() });
    expect(await (await app.resolve(Users)).find()).toBe(1);
    expect(warnings.filter((line) => line.includes('Users'))).toHaveLength(1);
  },
);

it('a mock in the place of a service is not warned of', async () => {
  @Injectable()
  class Users {
    @Cacheable()
    async find(): Promise<number> {
      return 1;
    }
  }
  await start({ provide: Users, useValue: { find: async () => 2 } });
  expect(warnings).toEqual([]);
});
