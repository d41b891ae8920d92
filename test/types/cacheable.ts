import { EMPTY, of, type Observable } from 'rxjs';
import { Cacheable, CacheConfig, CacheEvict, CachePut, CacheTags, key } from '../../lib/index.js';

interface User {
  readonly id: number;
  readonly name: string;
}
declare const user: User;

/** What must compile. */
export abstract class Accepted<E extends User> {
  readonly region: string = 'eu';

  @Cacheable()
  async plain(id: number): Promise<User> {
    return { ...user, id };
  }

  @Cacheable({})
  list(): Observable<User> {
    return of(user);
  }

  @Cacheable({ key: (id: number) => `u:${id}`, ttl: '5m', tags: ['user'], condition: (id: number) => id > 0 })
  async whole(id: number, _name: string): Promise<User | null> {
    return id > 0 ? user : null;
  }

  @Cacheable({ key: () => 'all', tags: () => [], unless: () => false, ttl: () => 5, condition: () => true })
  async fewer(_id: number): Promise<void> {}

  @Cacheable({ unless: (r) => r == null, ttl: (r) => (r == null ? '10s' : '1h') })
  async negative(_id: number): Promise<User | undefined> {
    return undefined;
  }

  @Cacheable({ key: (id, name) => `${id}:${name}`, tags: (id) => [`user:${id}`], condition: (id) => id > 0 })
  async unannotated(_id: number, _name: string): Promise<void> {}

  @Cacheable({
    unless: (r: User | null, id: number) => r === null && id < 0,
    ttl: (r: User | null) => (r ? 60 : Infinity),
  })
  async ofResult(_id: number): Promise<User | null> {
    return null;
  }

  @Cacheable({ unless: (last: User) => last.id < 0, tags: (ids: readonly number[]) => ids.map(String) })
  ofEmission(_ids: number[]): Observable<User> {
    return EMPTY;
  }

  @Cacheable({ key: (id: number, options?: { deep?: boolean }) => `${id}:${options?.deep}` })
  async optional(_id: number, _options?: { deep?: boolean }): Promise<void> {}

  @Cacheable({ key: (id: number, page: number | undefined) => `${id}:${page}` })
  async byDefault(_id: number, _page = 1): Promise<void> {}

  @Cacheable({ key: (first: string, ...rest: string[]) => [first, ...rest].join() })
  async rest(_first: string, ..._rest: string[]): Promise<void> {}

  @Cacheable({ key: (...all: unknown[]) => `${all.length}` })
  async any(_first: string, _second: number): Promise<void> {}

  @Cacheable({ key: (value: unknown) => key`v1:${value}` })
  async generic<T>(value: T): Promise<T> {
    return value;
  }

  @Cacheable({ key: (entity) => `${entity.id}`, unless: (found) => found === undefined })
  async ofClass(_entity: E): Promise<E | undefined> {
    return undefined;
  }

  @Cacheable({ key(this: Accepted<User>, id: number) { return `${this.region}:${id}`; } }) // prettier-ignore
  async withThis(_id: number): Promise<void> {}

  @Cacheable({ key: (id: number) => `${id}` })
  protected async hidden(_id: number): Promise<number> {
    return this.own(1);
  }

  @Cacheable({ key: (id: number) => `${id}` })
  private async own(id: number): Promise<number> {
    return id;
  }

  @Cacheable({ varyBy: () => 'tenant', cache: 'llm', namespace: 'users' })
  async placed(): Promise<void> {}

  @Cacheable({ varyBy: 'public', ttl: Infinity })
  async forAll(): Promise<void> {}

  @Cacheable()
  undeclared(id: number) {
    return id > 0 ? Promise.resolve(user) : Promise.resolve(null);
  }

  @Cacheable()
  either(id: number): Promise<User> | Observable<User> {
    return id > 0 ? Promise.resolve(user) : of(user);
  }

  @Cacheable({ key: (id: number | string) => `${id}` })
  async wider(_id: number): Promise<void> {}

  @CacheTags('user', (id: number) => `user:${id}`, (id) => [`mod:${id}`], () => [])
  @CacheTags.fromResult((found: User | null, id: number) => (found === null ? [] : [`team:${found.name}`, `of:${id}`]))
  @CacheTags.fromResult((found) => `name:${found.name}`)
  @Cacheable()
  async tagged(_id: number): Promise<User> {
    return user;
  }
}

@CacheConfig({ namespace: 'users', ttl: '1h', id: 'accounts', cache: 'main', varyBy: () => '' })
export class Inherited extends Accepted<User> {
  @Cacheable({ key: (id: number) => `${id}` })
  override async plain(id: number): Promise<User> {
    return super.plain(id);
  }
}

/** What must not. */
export class Refused {
  // @ts-expect-error it is not async
  @Cacheable()
  sync(): string {
    return '';
  }

  // @ts-expect-error it returns nothing, at once
  @Cacheable()
  nothing(): void {}

  // @ts-expect-error a generator yields
  @Cacheable()
  async *generator(): AsyncGenerator<number> {
    yield 1;
  }

  // @ts-expect-error an accessor is not a method
  @Cacheable()
  get accessor(): Promise<string> {
    return Promise.resolve('');
  }

  // @ts-expect-error an arrow property is not a method
  @Cacheable()
  arrow = async (): Promise<string> => '';

  // @ts-expect-error key wants a string, the method takes a number
  @Cacheable({ key: (id: string) => id })
  async byKey(_id: number): Promise<void> {}

  // @ts-expect-error the method may be called without options
  @Cacheable({ key: (_id: number, options: { deep: boolean }) => `${options.deep}` })
  async byOptional(_id: number, _options?: { deep: boolean }): Promise<void> {}

  // @ts-expect-error key wants two arguments, the method takes one
  @Cacheable({ key: (id: number, name: string) => `${id}${name}` })
  async byNumber(_id: number): Promise<void> {}

  // @ts-expect-error the arguments are the other way round
  @Cacheable({ key: (name: string, id: number) => `${id}${name}` })
  async byOrder(_id: number, _name: string): Promise<void> {}

  // @ts-expect-error tags wants a string
  @Cacheable({ tags: (id: string) => [id] })
  async byTags(_id: number): Promise<void> {}

  // @ts-expect-error condition wants a string
  @Cacheable({ condition: (id: string) => id !== '' })
  async byCondition(_id: number): Promise<void> {}

  // @ts-expect-error the result may be null
  @Cacheable({ unless: (found: User) => found.id < 0 })
  async byUnless(_id: number): Promise<User | null> {
    return null;
  }

  // @ts-expect-error unless takes the arguments after the result
  @Cacheable({ unless: (_found: unknown, id: string) => id === '' })
  async byUnlessArguments(_id: number): Promise<User | null> {
    return null;
  }

  // @ts-expect-error ttl is given the result first
  @Cacheable({ ttl: (id: number) => id })
  async byTtl(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error an Observable emits users
  @Cacheable({ unless: (last: string) => last === '' })
  byEmission(): Observable<User> {
    return EMPTY;
  }

  // @ts-expect-error one function of several disagrees
  @CacheTags('user', (id: number) => `${id}`, (id: string) => id)
  async byTagFunction(_id: number): Promise<void> {}

  // @ts-expect-error the result is a user
  @CacheTags.fromResult((found: string) => found)
  async byResultTags(): Promise<User> {
    return user;
  }

  // A handler under CacheInterceptor may be sync.
  @CacheTags('user')
  syncTags(): User {
    return user;
  }
}

export class Static {
  // @ts-expect-error a static method
  @Cacheable()
  static async find(_id: number): Promise<void> {}

  // @ts-expect-error a static method
  @CachePut({ key: 'k' })
  static async put(): Promise<void> {}

  // @ts-expect-error a static method
  @CacheEvict({ of: 'find' })
  static async evict(_id: number): Promise<void> {}
}

/** Nobody but itself makes one. */
export class Private {
  private constructor() {}

  @Cacheable()
  async find(): Promise<void> {}

  @CacheEvict({ of: 'find', args: () => [] })
  async evict(): Promise<void> {}
}

// @ts-expect-error misspelt
Cacheable({ tll: '5m' });
// @ts-expect-error misspelt, beside a good one
Cacheable({ ttl: '5m', keys: () => ['k'] });
// @ts-expect-error no unit
Cacheable({ ttl: '5' });
// @ts-expect-error no such unit
Cacheable({ ttl: '5 minutes' });
// @ts-expect-error no such unit
Cacheable({ ttl: '5min' });
// @ts-expect-error a function of the result makes durations
Cacheable({ ttl: () => 'soon' });
// @ts-expect-error a key is a string
Cacheable({ key: (id: number) => id });
// @ts-expect-error tags are several
Cacheable({ tags: 'user' });
// @ts-expect-error tags are strings
Cacheable({ tags: (id: number) => [id] });
// @ts-expect-error a condition answers yes or no
Cacheable({ condition: () => 'yes' });
// @ts-expect-error varyBy names somebody, or the public
Cacheable({ varyBy: 'private' });
// @ts-expect-error varyBy makes a string
Cacheable({ varyBy: () => 5 });
// @ts-expect-error a time-out has a unit
Cacheable({ softTimeout: 5 });
// @ts-expect-error no unit
CacheConfig({ graceBackoff: '30' });
// @ts-expect-error a method has a key, a class does not
CacheConfig({ key: 'k' });
// @ts-expect-error no unit
CacheConfig({ ttl: '5' });
// @ts-expect-error a tag is a string
CacheTags(5);
// @ts-expect-error a function makes strings
CacheTags((id: number) => id);
// @ts-expect-error a text says nothing of a result
CacheTags.fromResult('user');
