import {
  BlossomCacheModule,
  Cacheable,
  cacheContext,
  duration,
  withCacheOptions,
  type CacheService,
  type Duration,
  type DurationText,
} from '../../lib/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._is: Same<A, B> extends true ? [] : ['these types differ']): void {}

interface User {
  readonly id: number;
}
declare const cache: CacheService;
declare const user: User;
declare function save(user: User): Promise<void>;

class Users {
  @Cacheable()
  async find(_id: number): Promise<User> {
    return user;
  }
}

export async function accepted(users: Users): Promise<void> {
  const found = await cache.get<User>('k');
  same<typeof found, User | undefined>();
  const unknown = await cache.get('k');
  same<typeof unknown, unknown>();
  const taken = await cache.take<User>('k');
  same<typeof taken, User | undefined>();
  const before = await cache.getSet<User>('k', user, { ttl: '5m', tags: ['user'] });
  same<typeof before, User | undefined>();
  const many = await cache.getMany<User>(['a', 'b'] as const);
  same<typeof many, Map<string, User>>();

  const loaded = await cache.getOrSet('k', async () => user);
  same<typeof loaded, User>();
  const atOnce = await cache.getOrSet('k', () => 5, { ttl: 60, signal: AbortSignal.timeout(1) });
  same<typeof atOnce, number>();
  const nullable = await cache.getOrSet<User | null>('k', async (ctx) => {
    ctx.setTtl('10s');
    ctx.setTags(['missing']);
    ctx.skip();
    return ctx.signal.aborted ? null : user;
  });
  same<typeof nullable, User | null>();
  const kept = await cache.getOrSet(
    'k',
    async (ctx): Promise<User> => {
      if (ctx.hasStale) return ctx.notModified();
      return user.id > 0 ? user : ctx.fail('why');
    },
    { grace: '1h', graceBackoff: '30s', softTimeout: '0ms', hardTimeout: '5s', refreshAhead: 0.8 },
  );
  same<typeof kept, User>();
  const both = await cache.getOrSetMany(['a'], async (missing) => new Map(missing.map((key) => [key, user])));
  same<typeof both, Map<string, User>>();
  const object = await cache.getOrSetMany<User>(['a'], (missing) =>
    Object.fromEntries(missing.map((key) => [key, user])),
  );
  same<typeof object, Map<string, User>>();

  await cache.setMany({ a: 1, b: null });
  await cache.setMany(new Map<string, unknown>([['a', 1]]), { ttl: Infinity });
  await cache.setMany([['a', 1], ['b', 'text']]); // prettier-ignore
  const left = await cache.ttl('k');
  same<typeof left, number | undefined>();
  const count: number = (await cache.increment('n', 2, { ttl: '1d' })) + (await cache.decrement('n'));
  const text: string = cache.keyOf(users, 'find', [count]);
  await cache.namespace('users').invalidateTags('user');
  await cache.invalidateTags(['user', text], { allowStale: true });
  await cache.set('k', user, { grace: 60 });
  cache.events.on('outcome', ({ outcome, reason, text }) => {
    const shown: string = outcome === 'stale' ? reason : text;
    return shown;
  });

  const scoped = withCacheOptions({ key: 'k', ttl: '5s', mode: 'refresh' }, () => users.find(1));
  same<typeof scoped, Promise<User>>();
  cacheContext().setTtl(0.5);

  const checked = duration(process.env['TTL'] ?? '1h');
  same<typeof checked, DurationText>();
  const spans: Duration[] = [1, 0.5, Infinity, '250ms', '30s', '5m', '1.5h', '7d', checked];
  await cache.touch('k', spans[0]!);

  const written = await cache.writeThrough('k', user, async (value) => value.id, {
    ttl: '5m',
    tags: ['user'],
    grace: 5,
  });
  same<typeof written, User>();
  await cache.writeThrough('k', user, save, { outcomeUnknown: (error) => error instanceof TypeError });
  const committed = await cache.afterCommit(async () => user, { outcomeUnknown: () => false });
  same<typeof committed, User>();
}

export function refused(users: Users): void {
  // @ts-expect-error a key is a string
  void cache.get(5);
  // @ts-expect-error no unit
  void cache.set('k', 1, { ttl: '5' });
  // @ts-expect-error misspelt
  void cache.set('k', 1, { tll: 5 });
  // @ts-expect-error tags are several
  void cache.set('k', 1, { tags: 'user' });
  // @ts-expect-error a time-out has a unit
  void cache.getOrSet('k', () => 1, { softTimeout: 100 });
  // @ts-expect-error so has a back-off
  void cache.getOrSet('k', () => 1, { graceBackoff: 30 });
  // @ts-expect-error what is set is not loaded
  void cache.set('k', 1, { softTimeout: '5s' });
  // @ts-expect-error it is the cache that knows
  void cache.getOrSet('k', (ctx) => (ctx.stale = 1));
  // @ts-expect-error it is told
  withCacheOptions({ explain: true }, () => 1);
  // @ts-expect-error a source that is written takes a while
  void cache.writeThrough('k', user, () => 1);
  // @ts-expect-error the source gets what is stored
  void cache.writeThrough('k', 'text', save);
  // @ts-expect-error a transaction takes a while
  void cache.afterCommit(() => 1);
  // @ts-expect-error misspelt
  void cache.afterCommit(async () => 1, { outcomeUnknwon: () => true });
  // @ts-expect-error a loader is a function
  void cache.getOrSet('k', user);
  // @ts-expect-error the loader loads something else
  void cache.getOrSet<User>('k', async () => 'text');
  // @ts-expect-error a batch loader says which value is whose
  void cache.getOrSetMany<User>(['a'], async () => [user]);
  // @ts-expect-error it is counted in numbers
  void cache.increment('n', '1');
  // @ts-expect-error there is no such method
  cache.keyOf(users, 'fnid', [1]);
  // @ts-expect-error there is no such mode
  withCacheOptions({ mode: 'off' }, () => 1);
  // @ts-expect-error misspelt
  withCacheOptions({ tll: 5 }, () => 1);
  // @ts-expect-error tags are several
  cacheContext().setTags('user');
  // @ts-expect-error it comes from the cache
  cacheContext().signal = AbortSignal.timeout(1);
  // @ts-expect-error a plain string is to be checked first
  cacheContext().setTtl(String(5));
  // @ts-expect-error there is no such backend
  BlossomCacheModule.forRoot({ backend: 'mongo' });
  // @ts-expect-error a memory cache has no directory
  BlossomCacheModule.forRoot({ backend: 'memory', cacheDir: '/tmp' });
  // @ts-expect-error a file cache needs one
  BlossomCacheModule.forRoot({ backend: 'file' });
  // @ts-expect-error there is no such policy
  BlossomCacheModule.forRoot({ evictionPolicy: 'random' });
  // @ts-expect-error a feature has a namespace
  BlossomCacheModule.forFeature({ ttl: 5 });
}
