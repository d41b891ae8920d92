import { of, type Observable } from 'rxjs';
import { Cacheable, CacheEvict, CachePut } from '../../lib/index.js';

interface User {
  readonly id: number;
}
declare const user: User;
const symbol = Symbol('find');

/** What must compile. */
export class Accepted {
  @Cacheable()
  async find(_id: number): Promise<User | null> {
    return user;
  }

  @Cacheable()
  async [symbol](_id: number): Promise<User> {
    return user;
  }

  @CachePut({ of: 'find' })
  async again(_id: number): Promise<User> {
    return user;
  }

  @CachePut({ of: 'find', args: (changed: User) => [changed.id], ttl: (r) => (r == null ? 1 : '5m'), tags: ['user'] })
  async save(changed: User, _by?: string): Promise<User> {
    return changed;
  }

  @CachePut({ key: (changed: User) => `u:${changed.id}`, unless: (result: User) => result.id < 0 })
  @CachePut({ key: 'last' })
  put(changed: User): Observable<User> {
    return of(changed);
  }

  @CacheEvict({ of: 'find' })
  @CacheEvict({ of: symbol })
  @CacheEvict({ key: 'all', beforeInvocation: true })
  @CacheEvict({ key: (id: number) => `u:${id}`, condition: (id: number) => id > 0 })
  @CacheEvict({ key: (id) => `u:${id}` })
  @CacheEvict({ keys: (id: number) => [`a:${id}`, `b:${id}`], varyBy: () => 'tenant' })
  @CacheEvict({ keys: ['a', 'b'] })
  @CacheEvict({ tags: (id: number) => [`user:${id}`], cache: 'llm' })
  @CacheEvict({ tags: ['user'] })
  @CacheEvict({ allEntries: true, namespace: 'users' })
  @CacheEvict({ of: 'find', args: (id: number) => [id + 1], key: 'all', tags: ['user'] })
  async remove(_id: number): Promise<void> {}

  @CacheEvict({ of: 'find', args: () => [1] })
  changes(): Observable<User> {
    return of(user);
  }

  @CacheEvict({ key: (id: number) => `${id}` })
  protected async hidden(id: number): Promise<void> {
    await this.own(id);
  }

  @CacheEvict({ key: (id: number) => `${id}` })
  private async own(_id: number): Promise<void> {}
}

export class Inherited extends Accepted {
  @CacheEvict({ of: 'find', args: (name: string) => [name.length] })
  async rename(_name: string): Promise<void> {}
}

/** What must not. */
export class Refused {
  @Cacheable()
  async find(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error of names no method
  @CacheEvict({ of: 'fnid' })
  async byMisspelling(_id: number): Promise<void> {}

  // @ts-expect-error of names no method
  @CachePut({ of: 'gone' })
  async byNothing(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error of names no method
  @CacheEvict({ of: symbol })
  async bySymbol(_id: number): Promise<void> {}

  // @ts-expect-error args wants a string
  @CacheEvict({ of: 'find', args: (id: string) => [id] })
  async byArgs(_id: number): Promise<void> {}

  // @ts-expect-error args wants two arguments
  @CachePut({ of: 'find', args: (id: number, by: string) => [id, by] })
  async byArgsOfPut(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error key wants a string
  @CacheEvict({ key: (id: string) => id })
  async byKey(_id: number): Promise<void> {}

  // @ts-expect-error keys wants a string
  @CacheEvict({ keys: (id: string) => [id] })
  async byKeys(_id: number): Promise<void> {}

  // @ts-expect-error tags wants a string
  @CacheEvict({ tags: (id: string) => [id] })
  async byTags(_id: number): Promise<void> {}

  // @ts-expect-error condition wants a string
  @CacheEvict({ key: 'k', condition: (id: string) => id === '' })
  async byCondition(_id: number): Promise<void> {}

  // @ts-expect-error unless is given the user first
  @CachePut({ key: 'k', unless: (id: number) => id > 0 })
  async byUnless(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error ttl is given the user first
  @CachePut({ key: 'k', ttl: (id: number) => id })
  async byTtl(_id: number): Promise<User> {
    return user;
  }

  // @ts-expect-error it is not async
  @CachePut({ key: 'k' })
  syncPut(): User {
    return user;
  }

  // @ts-expect-error it is not async
  @CacheEvict({ key: 'k' })
  syncEvict(): void {}

  // @ts-expect-error an accessor is not a method
  @CacheEvict({ key: 'k' })
  get accessor(): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error an arrow property is not a method
  @CachePut({ key: 'k' })
  arrow = async (): Promise<User> => user;
}

// @ts-expect-error a put loads nothing
CachePut({ key: 'k', softTimeout: '5s' });
// @ts-expect-error a put needs a target
CachePut();
// @ts-expect-error a put needs a target
CachePut({});
// @ts-expect-error a put needs a target
CachePut({ ttl: '5m' });
// @ts-expect-error a put has one target
CachePut({ key: 'k', of: 'find' });
// @ts-expect-error arguments of which method
CachePut({ key: 'k', args: () => [] });
// @ts-expect-error misspelt
CachePut({ key: 'k', tll: 5 });
// @ts-expect-error no unit
CachePut({ key: 'k', ttl: '5' });
// @ts-expect-error a put has one key
CachePut({ keys: ['k'] });
// @ts-expect-error an eviction needs a target
CacheEvict();
// @ts-expect-error an eviction needs a target
CacheEvict({});
// @ts-expect-error an eviction needs a target
CacheEvict({ beforeInvocation: true, namespace: 'users' });
// @ts-expect-error that is no target
CacheEvict({ allEntries: false });
// @ts-expect-error misspelt
CacheEvict({ key: 'k', beforeInvokation: true });
// @ts-expect-error an eviction stores nothing
CacheEvict({ key: 'k', ttl: 5 });
// @ts-expect-error an eviction does not look at the result
CacheEvict({ key: 'k', unless: () => true });
// @ts-expect-error arguments are a list
CacheEvict({ of: 'find', args: (id: number) => id });
// @ts-expect-error keys are strings
CacheEvict({ keys: () => [1] });
