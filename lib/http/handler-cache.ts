import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { from, lastValueFrom, map, Observable } from 'rxjs';
import type { CacheRegistry, OpenCache } from '../boot/cache-registry.js';
import type { Caller, GetOrSetOptions } from '../cache/call-options.js';
import { varied } from '../cache/cache-core.js';
import type { CacheService } from '../cache/cache.service.js';
import type { LoadContext } from '../cache/loading/load-context.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import { runInCallScope, type CallScope } from '../operations/call-scope.js';
import { freshnessOf, resultTags } from '../operations/call-plan.js';
import { configOf, nameOfFunction, recordNamed, type MethodRecord } from '../operations/method-record.js';
import type { TagRule, VaryBy } from '../operations/operation.js';
import { HttpExchange, type CacheVerdict } from './http-exchange.js';
import type { IdentityRule } from './identity-rule.js';

/** Caches what HTTP handlers return, and keeps those that cache themselves to the identity rule. */
export class HandlerCache {
  private readonly inHand = new WeakSet<object>();
  private readonly handlers = new WeakMap<object, Map<unknown, Handler>>();

  constructor(
    private readonly registry: CacheRegistry,
    private readonly identity: IdentityRule,
    private readonly adapterHost: HttpAdapterHost,
    private readonly log: CacheLog,
  ) {}

  /** A handler under `CacheInterceptor`: its answer is stored under what the request asks for and `varyBy`. */
  byRequest(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { name, record } = this.handler(context);
    const request = context.switchToHttp().getRequest<object>();
    // The interceptor may be bound more than once.
    if (cacheableOf(record) !== undefined || this.inHand.has(request)) return next.handle();
    const exchange = new HttpExchange(this.adapterHost, context, name);
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return next.handle();
    this.inHand.add(request);
    const place = this.place(context, exchange, record);
    if (place !== undefined) return this.cached(exchange, place, record?.tags ?? [], next, label(context));
    exchange.say('BYPASS');
    return next.handle();
  }

  /** A handler with `@Cacheable`: it runs uncached where the identity rule objects. */
  byArguments(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { name, record } = this.handler(context);
    const options = cacheableOf(record);
    if (record === undefined || options === undefined) return next.handle();
    const config = configOf(context.getClass());
    const cache = this.cache(options.cache ?? config.cache);
    const varyBy = options.varyBy ?? config.varyBy ?? cache.options.varyBy;
    const exchange = new HttpExchange(this.adapterHost, context, name);
    let verdict: CacheVerdict = 'BYPASS';
    const cacheable = !this.answersByItself(context, exchange, cache) && !this.objects(context, varyBy, cache);
    const scope: CallScope = {
      options: { mode: cacheable ? 'default' : 'bypass' },
      method: record,
      report: (outcome) => (verdict = VERDICTS[outcome]),
      used: false,
    };
    return inScope(scope, next).pipe(
      map((value: unknown) => {
        exchange.say(verdict);
        return value;
      }),
    );
  }

  /** What is known of a handler by its class; it is the same for every request. */
  private handler(context: ExecutionContext): Handler {
    const type = context.getClass();
    const known = this.handlers.get(type) ?? new Map<unknown, Handler>();
    this.handlers.set(type, known);
    const method = context.getHandler();
    const handler = known.get(method) ?? newHandler(type.prototype as object, method);
    known.set(method, handler);
    return handler;
  }

  /** Where the answer to a request is stored; undefined where it must not be. */
  private place(context: ExecutionContext, exchange: HttpExchange, record?: MethodRecord): Place | undefined {
    const config = configOf(context.getClass());
    const cache = this.cache(config.cache);
    const { varyBy } = config;
    if (!cache.options.enabled || !exchange.answersByReturning) return undefined;
    if (this.objects(context, varyBy ?? cache.options.varyBy, cache)) return undefined;
    const service = config.namespace === undefined ? cache.service : cache.service.namespace(config.namespace);
    try {
      const key = typeof varyBy === 'function' ? varied(exchange.key, varyBy()) : exchange.key;
      const tags = knownTags(record?.tags ?? []);
      const options = { ttl: config.ttl, tags, ...freshnessOf({}, config) };
      return { service, options, key: service.locate(key, label(context)) };
    } catch (error) {
      this.log.failure(label(context), 'ran uncached', error);
      return undefined;
    }
  }

  private cached(
    exchange: HttpExchange,
    { service, key, options }: Place,
    rules: readonly TagRule[],
    next: CallHandler,
    operation: string,
  ): Observable<unknown> {
    const tagsOf = resultTags(rules);
    const load = async (context: LoadContext): Promise<unknown> => {
      const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      // Status and cookies are not part of the value: whoever waits for it needs an answer of their own.
      if (!exchange.succeeded) context.keepPersonal();
      try {
        context.setTags(tagsOf?.(NOBODY, value, []) ?? []);
      } catch (error) {
        context.skip();
        this.log.failure(operation, 'did not store an answer', error);
      }
      return value;
    };
    const report: Caller['report'] = (outcome) => exchange.say(VERDICTS[outcome]);
    return from(service.call(key, load, options, { operation, strict: false, report }));
  }

  private cache(name: string | undefined): OpenCache {
    const found = this.registry.find(name);
    if (found !== undefined) return found;
    throw new CacheOptionsError(`CacheInterceptor: there is no cache named '${name ?? 'default'}'`);
  }

  private answersByItself(context: ExecutionContext, exchange: HttpExchange, cache: OpenCache): boolean {
    if (exchange.answersByReturning) return false;
    const why = new Error('it answers by itself; have it return its answer');
    if (cache.options.enabled) this.log.failure(label(context), 'is not cached', why);
    return true;
  }

  private objects(context: ExecutionContext, varyBy: VaryBy | undefined, cache: OpenCache): boolean {
    const why = this.identity.objection(context, varyBy, cache.options.anonymousGuards);
    if (why === undefined) return false;
    const advice = "say whose the answer is with varyBy, or 'public'";
    if (cache.options.enabled) this.log.failure(label(context), 'is not cached', new Error(`${why}; ${advice}`));
    return true;
  }
}

/** A handler as its class has it. */
interface Handler {
  readonly name: string | symbol | undefined;
  readonly record: MethodRecord | undefined;
}

const VERDICTS = { hit: 'HIT', miss: 'MISS', stale: 'STALE' } as const;

/** Where an answer is stored. */
interface Place {
  readonly service: CacheService;
  readonly options: GetOrSetOptions;
  /** As the cache has located it. */
  readonly key: string;
}

/** `this` of a tag function: a handler's instance is not known before it runs. */
const NOBODY = {};

function newHandler(prototype: object, method: unknown): Handler {
  const name = nameOfFunction(prototype, method);
  return { name, record: name === undefined ? undefined : recordNamed(prototype, name) };
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
function knownTags(rules: readonly TagRule[]): readonly string[] {
  return rules.flatMap((rule) => {
    if (rule.from === 'result') return [];
    if (typeof rule.tags === 'string') return [rule.tags];
    throw new CacheOptionsError(
      "under CacheInterceptor tags cannot depend on the handler's arguments; use @CacheTags.fromResult, or @Cacheable",
    );
  });
}
