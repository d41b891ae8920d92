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

const LATER = { grace: '1h', softTimeout: '1s', hardTimeout: '1s', refreshAhead: 0.8 } as const;

it.each(Object.entries(LATER))('the option %s of a later release is refused at decoration', (name, value) => {
  const refused = [() => cacheable({ [name]: value })];
  if (name === 'grace')
    refused.push(
      () => put({ key: 'k', grace: value }),
      () => config({ grace: value }),
    );
  for (const define of refused) {
    const { message } = refusal(define);
    expect(message).toContain(`'${name}'`);
    expect(message).toMatch(/^@Cache\w+: .*not available in this release/);
  }
});

it.each<[string, () => unknown, RegExp]>([
  ['a misspelt option', () => cacheable({ tll: 5 }), /unknown option 'tll'/],
  ['an option of another decorator', () => evict({ key: 'k', unless: () => true }), /unknown option 'unless'/],
  ['an option of methods on a class', () => config({ key: 'k' }), /unknown option 'key'/],
  ['options that are none', () => cacheable('5m'), /options must be an object/],
  ['a put without target', () => put({ ttl: 5 }), /@CachePut: say what to store/],
  ['a put without options', () => put(), /options are missing/],
  ['an eviction without target', () => evict({}), /@CacheEvict: say what to evict/],
  ['an eviction of no entries', () => evict({ allEntries: false }), /@CacheEvict: say what to evict/],
  ['tags without a tag', () => tags(), /at least one tag/],
  [
    'a tag that is a number',
    () => tags(5)(class {}.prototype, 'find', { value: async () => {} }),
    /a tag is a string or a function/,
  ],
  ['result tags without a function', () => fromResult('t'), /a function of the result/],
  ['a ttl without unit', () => cacheable({ ttl: '5' }), /@Cacheable: ttl .*'5'/],
  ['a ttl that is not a number', () => cacheable({ ttl: NaN }), /@Cacheable: ttl .*NaN/],
  ['a ttl of a class', () => config({ ttl: 'soon' }), /@CacheConfig: ttl .*'soon'/],
  ['a key that is a number', () => cacheable({ key: 5 }), /key must be a function or a string/],
  ['tags that are a text', () => cacheable({ tags: 'user' }), /tags must be a function or an array/],
  ['keys that are a text', () => evict({ keys: 'user' }), /keys must be a function or an array/],
  ['a condition that is a value', () => cacheable({ condition: true }), /condition must be a function/],
  ['varyBy by name', () => cacheable({ varyBy: 'tenant' }), /varyBy must be a function or 'public'/],
  ['an empty namespace', () => config({ namespace: '' }), /namespace must be a string that is not empty/],
  ['an empty id', () => config({ id: '' }), /id must be a string that is not empty/],
])('%s is refused at decoration', (_what, define, message) => {
  expect(refusal(define).message).toMatch(message);
});
