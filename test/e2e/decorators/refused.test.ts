import { expect, it } from 'vitest';
import { Cacheable, CacheConfig, CacheEvict, CacheOptionsError, CachePut, CacheTags } from '../../../lib/index.js';

type Loose = (...args: unknown[]) => MethodDecorator & PropertyDecorator & ClassDecorator;
// What TypeScript refuses too, written as JavaScript would.
const [cacheable, put, evict, tags, config, fromResult] = [
  Cacheable, CachePut, CacheEvict, CacheTags, CacheConfig, CacheTags.fromResult,
] as unknown as [Loose, Loose, Loose, Loose, Loose, Loose]; // prettier-ignore

function refusal(define: () => unknown): CacheOptionsError {
  try {
    define();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheOptionsError);
    return error as CacheOptionsError;
  }
  throw new Error('it was not refused');
}

it.each([
  ['@Cacheable', cacheable()],
  ['@CachePut', put({ key: 'k' })],
  ['@CacheEvict', evict({ key: 'k' })],
  ['@CacheTags', tags('t')],
  ['@CacheTags.fromResult', fromResult(() => [])],
])('O21: %s on a static, an accessor or an arrow property is refused by name', (name, decorator) => {
  const statics = refusal(() => {
    class Users {
      @decorator
      static async find(): Promise<void> {}
    }
    return Users;
  });
  expect(statics.message).toMatch(new RegExp(`^${name} on Users\\.find: static`));
  const accessors = refusal(() => {
    class Users {
      @decorator
      get all(): Promise<void> {
        return Promise.resolve();
      }
    }
    return Users;
  });
  expect(accessors.message).toMatch(new RegExp(`^${name} on Users\\.all: accessor`));
  const arrows = refusal(() => {
    class Users {
      @decorator
      find = async (): Promise<void> => {};
    }
    return Users;
  });
  expect(arrows.message).toMatch(new RegExp(`^${name} on Users\\.find: .*property.*method`));
});

it('O12: a method declared to return neither a Promise nor an Observable is refused', () => {
  for (const decorator of [cacheable(), put({ key: 'k' }), evict({ key: 'k' })]) {
    const error = refusal(() => {
      class Users {
        @decorator
        find(): string {
          return 'now';
        }
      }
      return Users;
    });
    expect(error.message).toMatch(/Users\.find.*not a String.*async/);
  }
});

it('J27: generators are refused', () => {
  const async = refusal(() => {
    class Users {
      @cacheable()
      async *all(): AsyncGenerator<number> {
        yield 1;
      }
    }
    return Users;
  });
  expect(async.message).toMatch(/Users\.all: a generator/);
  const sync = refusal(() => {
    class Users {
      @cacheable()
      *all(): Generator<number> {
        yield 1;
      }
    }
    return Users;
  });
  expect(sync.message).toMatch(/Users\.all: a generator/);
});

it('two @Cacheable on one method are refused', () => {
  const error = refusal(() => {
    class Users {
      @Cacheable({ key: 'a' })
      @Cacheable({ key: 'b' })
      async find(): Promise<void> {}
    }
    return Users;
  });
  expect(error.message).toMatch(/Users\.find twice/);
});

it('two @CacheConfig on one class are refused; one that is inherited may be replaced', () => {
  const error = refusal(() => {
    @CacheConfig({ ttl: '1m' })
    @CacheConfig({ namespace: 'n' })
    class Users {}
    return Users;
  });
  expect(error.message).toMatch(/@CacheConfig is on Users twice/);
  @CacheConfig({ ttl: '1m' })
  class Base {}
  expect(() => CacheConfig({ ttl: '2m' })(class extends Base {})).not.toThrow();
});

const WRONG = { grace: -1, graceBackoff: 30, softTimeout: 5, hardTimeout: '0ms', refreshAhead: 'often' } as const;

it.each(Object.entries(WRONG))('the option %s that cannot be meant is refused at decoration', (name, value) => {
  const refused = [() => cacheable({ [name]: value }), () => config({ [name]: value })];
  if (name === 'grace') refused.push(() => put({ key: 'k', grace: value }));
  for (const define of refused) expect(refusal(define).message).toMatch(new RegExp(`^@Cache\\w+: ${name} `));
});

it.each([
  ['allEntries', () => evict({ namespace: 'n', allEntries: 'true' })],
  ['beforeInvocation', () => evict({ key: 'k', beforeInvocation: 'yes' })],
  ['tags', () => evict({ tags: [5] })],
  ['keys', () => evict({ keys: [5] })],
  ['args', () => evict({ key: 'k', args: () => [] })],
  ['key and of', () => put({ key: 'k', of: 'find' })],
])('what would be left unheard is refused at decoration: %s', (name, define) => {
  expect(refusal(define).message).toMatch(new RegExp(`^@Cache\\w+: ${name} `));
});
