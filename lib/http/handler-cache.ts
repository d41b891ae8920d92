import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { from, lastValueFrom, map, Observable } from 'rxjs';
import type { CacheRegistry, OpenCache } from '../boot/cache-registry.js';
import { readTags } from '../cache/arguments.js';
import { varied } from '../cache/cache-core.js';
import type { LoadContext } from '../cache/load-context.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import { runInCallScope, type CallScope } from '../operations/call-scope.js';
import { configOf, recordOf, type MethodRecord } from '../operations/method-record.js';
import type { CacheConfigOptions, TagRule, VaryBy } from '../operations/operation.js';
import { HttpExchange, type CacheVerdict } from './http-exchange.js';
import type { IdentityRule } from './identity-rule.js';

/** Caches what HTTP handlers return, and keeps those that cache themselves to the identity rule. */
export class HandlerCache {
  constructor(
    private readonly registry: CacheRegistry,
    private readonly identity: IdentityRule,
    private readonly adapterHost: HttpAdapterHost,
    private readonly log: CacheLog,
  ) {}

  /** A handler under `CacheInterceptor`: its answer is stored under method, URL, host and `varyBy`. */
  byRequest(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const record = recordOf(context.getHandler());
    if (cacheableOf(record) !== undefined) return next.handle();
    const exchange = new HttpExchange(this.adapterHost, context);
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return next.handle();
    const config = configOf(context.getClass());
    const cache = this.#cache(config.cache);
    const varyBy = config.varyBy ?? cache.options.varyBy;
    if (!cache.options.enabled || !exchange.answersByReturning || this.#objects(context, varyBy, cache)) {
      exchange.say('BYPASS');
      return next.handle();
    }
    return this.#cached(exchange, config, cache, record, next, label(context));
  }

  /** A handler with `@Cacheable`: it runs uncached where the identity rule objects. */
  byArguments(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const record = recordOf(context.getHandler());
    const options = cacheableOf(record);
    if (record === undefined || options === undefined || context.getType() !== 'http') return next.handle();
    const config = configOf(context.getClass());
    const cache = this.#cache(options.cache ?? config.cache);
    const varyBy = options.varyBy ?? config.varyBy ?? cache.options.varyBy;
    let verdict: CacheVerdict = 'BYPASS';
    const scope: CallScope = {
      options: { mode: this.#objects(context, varyBy, cache) ? 'bypass' : 'default' },
      method: record,
      report: (outcome) => (verdict = outcome === 'hit' ? 'HIT' : 'MISS'),
      used: false,
    };
    const exchange = new HttpExchange(this.adapterHost, context);
    return inScope(scope, next).pipe(
      map((value: unknown) => {
        exchange.say(verdict);
        return value;
      }),
    );
  }

  #cached(
    exchange: HttpExchange,
    config: CacheConfigOptions,
    { service }: OpenCache,
    record: MethodRecord | undefined,
    next: CallHandler,
    operation: string,
  ): Observable<unknown> {
    const place = config.namespace === undefined ? service : service.namespace(config.namespace);
    const { varyBy } = config;
    const key = typeof varyBy === 'function' ? varied(exchange.key, varyBy()) : exchange.key;
    const rules = record?.tags ?? [];
    const load = async (context: LoadContext): Promise<unknown> => {
      const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      if (exchange.succeeded) context.setTags(tagsOfResult(rules, value));
      else context.skip();
      return value;
    };
    const caller = {
      operation,
      strict: false,
      report: (outcome: 'hit' | 'miss') => exchange.say(outcome === 'hit' ? 'HIT' : 'MISS'),
    };
    return from(place.call(key, load, { ttl: config.ttl, tags: () => knownTags(rules, operation) }, caller));
  }

  #cache(name: string | undefined): OpenCache {
    const found = this.registry.find(name);
    if (found !== undefined) return found;
    throw new CacheOptionsError(`CacheInterceptor: there is no cache named '${name ?? 'default'}'`);
  }

  #objects(context: ExecutionContext, varyBy: VaryBy | undefined, cache: OpenCache): boolean {
    const why = this.identity.objection(context, varyBy, cache.options.anonymousGuards);
    if (why === undefined) return false;
    const where = label(context);
    this.log.warnOnce(
      `identity ${where}`,
      `${where} is not cached: ${why}; say whose the answer is with varyBy, or 'public'`,
    );
    return true;
  }
}

function cacheableOf(
  record: MethodRecord | undefined,
): { cache?: string | undefined; varyBy?: VaryBy | undefined } | undefined {
  return record?.operations.find(({ kind }) => kind === 'cacheable')?.options;
}

function label(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function inScope(scope: CallScope, next: CallHandler): Observable<unknown> {
  return new Observable((subscriber) => runInCallScope(scope, () => next.handle().subscribe(subscriber)));
}

/** Tags that need nothing to be known. The arguments of a handler are not, before it runs. */
function knownTags(rules: readonly TagRule[], operation: string): readonly string[] {
  return rules.flatMap((rule) => {
    if (rule.from === 'result') return [];
    if (typeof rule.tags === 'string') return [rule.tags];
    throw new CacheOptionsError(
      `${operation}: under CacheInterceptor tags cannot depend on the handler's arguments; use @CacheTags.fromResult, or @Cacheable`,
    );
  });
}

function tagsOfResult(rules: readonly TagRule[], value: unknown): readonly string[] {
  return rules.flatMap((rule) =>
    rule.from === 'result' ? readTags([rule.tags(value)].flat(), '@CacheTags.fromResult') : [],
  );
}
