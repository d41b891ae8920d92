import { cacheToken } from '../../cache/cache-token.js';
import { CacheService } from '../../cache/cache.service.js';
import { methodEntry } from '../../operations/method-key.js';
import { EntryExpectation } from './entry-expectation.js';
import { eventLogOf, type EventLog } from './event-log.js';
import { Happened } from './happened.js';
import { misused, times, verdict, type Judged } from './verdict.js';

/** An application, or a module of one: whatever finds what was provided. */
export interface ProviderSource {
  get(token: any, options?: any): unknown;
}

/** The parameters of a method. */
type ArgumentsOf<S, M extends keyof S> = S[M] extends (...args: infer A) => unknown ? A : never;

/**
 * What is expected of a cache; each expectation throws an `AssertionError` where it is not met, and says what happened
 * instead. It works with any test framework.
 *
 * ```ts
 * await users.findOne(1);
 * expectCache(app).call(users, 'findOne', 1).toHaveBeenLoaded(1);
 * await expectCache(app).key('user:1').toHaveTtl('1h');
 * ```
 *
 * What happened is counted from when `expectCache` is first called for a cache, or from the boot in an application with
 * `BlossomCacheTestingModule` or `inMemory`; {@link CacheExpectation.reset} begins anew.
 * @param of a cache, a namespace of one, or an application
 * @param name of the cache or namespace of an application. Default: its default cache.
 */
export function expectCache(of: CacheService | ProviderSource, name?: string): CacheExpectation {
  const cache = of instanceof CacheService ? of : (of.get(cacheToken(name), { strict: false }) as CacheService);
  return new CacheExpectation(cache, eventLogOf(cache), false);
}

/** What is expected of a whole cache, of all its namespaces; or, made from a namespace, of that one. */
export class CacheExpectation extends Happened {
  constructor(
    private readonly cache: CacheService,
    private readonly log: EventLog,
    private readonly negated: boolean,
  ) {
    super();
  }

  /** The opposite. */
  get not(): CacheExpectation {
    return new CacheExpectation(this.cache, this.log, !this.negated);
  }

  /** What is expected of one entry. */
  key(key: string): EntryExpectation {
    return this.#entry(this.cache, key, `the entry '${key}'`);
  }

  /**
   * What is expected of the entry of a call of a method with `@Cacheable`.
   * @throws {CacheOptionsError} for a method without it, or one that caches elsewhere
   */
  call<S extends object, M extends keyof S>(service: S, method: M, ...args: ArgumentsOf<S, M>): EntryExpectation {
    const { cache, key } = methodEntry(service, method, args, 'expectCache');
    const label = `${service.constructor.name}.${String(method)}`;
    if (cache.events === this.cache.events) return this.#entry(cache, key, `the entry of this call of ${label}`);
    const where = cache.cacheName === this.cache.cacheName ? 'another application' : `'${cache.cacheName}'`;
    throw misused(`expectCache: ${label} caches in ${where}, and not in '${this.cache.cacheName}'`);
  }

  /** What is expected of a namespace. */
  namespace(name: string): CacheExpectation {
    return new CacheExpectation(this.cache.namespace(name), this.log, this.negated);
  }

  /** Forgets what has happened so far in the whole cache; what is stored stays. */
  reset(): void {
    this.log.reset();
  }

  /** Each of these tags has been invalidated since. */
  toHaveInvalidated(...tags: readonly string[]): void {
    if (tags.length === 0) throw misused('expectCache: toHaveInvalidated needs the tags that are expected');
    const { tags: invalidated } = this.log;
    verdict({
      subject: this.subject,
      expected: `to have invalidated ${tags.map((tag) => `'${tag}'`).join(' and ')}`,
      met: tags.every((tag) => this.log.invalidations(tag) > 0),
      negated: this.negated,
      instead: `invalidated were ${invalidated.length === 0 ? 'no tags' : invalidated.map((tag) => `'${tag}'`).join(', ')}`,
    });
  }

  /** `clear()` was called of exactly this, by hand or by `allEntries`, so often. Default: at least once. */
  toHaveBeenCleared(expected?: number): void {
    const count = this.log.clears(this.cache.namespaceName);
    verdict({
      subject: this.subject,
      expected: `to have been cleared${times(expected)}`,
      met: expected === undefined ? count > 0 : count === expected,
      negated: this.negated,
      instead: `it was cleared${times(count)}`,
    });
  }

  protected judged(): Judged {
    const { namespaceName } = this.cache;
    const entries = [...this.log.entries].filter(
      ({ namespace }) => namespaceName === '' || namespace === namespaceName,
    );
    return { subject: this.subject, negated: this.negated, entries, told: undefined };
  }

  private get subject(): string {
    const { cacheName, namespaceName } = this.cache;
    return namespaceName === '' ? `cache '${cacheName}'` : `namespace '${namespaceName}'`;
  }

  #entry(cache: CacheService, key: string, subject: string): EntryExpectation {
    return new EntryExpectation(cache, this.log, cache.locate(key, 'expectCache'), subject, this.negated);
  }
}
