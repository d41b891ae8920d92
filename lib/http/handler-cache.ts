import type { CallHandler, ExecutionContext, Type } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { from, lastValueFrom, map, Observable } from 'rxjs';
import type { CacheRegistry, OpenCache } from '../boot/cache-registry.js';
import type { Caller, GetOrSetOptions } from '../cache/call-options.js';
import { varied } from '../cache/cache-core.js';
import type { CacheService } from '../cache/cache.service.js';
import type { LoadContext } from '../cache/loading/load-context.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import { runInHandler, type HandlerScope } from '../operations/call-scope.js';
import { freshnessOf, resultTags } from '../operations/call-plan.js';
import { configOf, hasOperation, nameOfFunction, recordNamed, type MethodRecord } from '../operations/method-record.js';
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
    const place = name === undefined ? this.unknown(context) : this.place(context, exchange, record);
    if (place !== undefined) return this.cached(exchange, place, record?.tags ?? [], next, label(context));
    exchange.say('BYPASS');
    return next.handle();
  }

  /** A handler of a class with `@Cacheable`: its methods run uncached where the identity rule objects. */
  byArguments(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { name, record, among } = this.handler(context);
    if (!among) return next.handle();
    const exchange = new HttpExchange(this.adapterHost, context, name);
    const request = new HandledRequest(context.getClass(), record, (method, own) => {
      const options = cacheableOf(method)!;
      const config = configOf(context.getClass());
      const cache = this.cache(options.cache ?? config.cache);
      if (own && this.answersByItself(context, exchange, cache)) return false;
      return !this.objects(context, options.varyBy ?? config.varyBy ?? cache.options.varyBy, cache);
    });
    return inScope(request, next).pipe(
      map((value: unknown) => {
        if (request.verdict !== undefined) exchange.say(request.verdict);
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

  /** Without the method nobody knows what is said of it: its tags, its version, or that it answers by itself. */
  private unknown(context: ExecutionContext): undefined {
    const why = new Error('something has put a function in its place that its class does not have');
    this.log.failure(label(context), 'is not cached', why);
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
  /** Undefined where its class does not have it. */
  readonly name: string | symbol | undefined;
  readonly record: MethodRecord | undefined;
  /** Whether its class has methods with `@Cacheable`. */
  readonly among: boolean;
}

const VERDICTS = { hit: 'HIT', miss: 'MISS', stale: 'STALE' } as const;

/** One request, and what its answer says about the cache: that is what came of the handler's own call. */
class HandledRequest implements HandlerScope {
  verdict: CacheVerdict | undefined;

  constructor(
    readonly type: Type,
    private readonly own: MethodRecord | undefined,
    /** Whether a method may be cached; told whether it is the handler. */
    private readonly judge: (method: MethodRecord, own: boolean) => boolean,
  ) {
    if (cacheableOf(own) !== undefined) this.verdict = 'BYPASS';
  }

  admits(method: MethodRecord): boolean {
    return this.judge(method, method === this.own);
  }

  report(method: MethodRecord, outcome: keyof typeof VERDICTS): void {
    if (method === this.own) this.verdict = VERDICTS[outcome];
  }
}

/** Where an answer is stored. */
interface Place {
  readonly service: CacheService;
  readonly options: GetOrSetOptions;
  /** As the cache has located it. */
  readonly key: string;
}

/** `this` of a tag function: a handler's instance is not known before it runs. */
const NOBODY = {};

function newHandler(prototype: object, method: { readonly name: string }): Handler {
  const name = nameOfFunction(prototype, method) ?? namesake(prototype, method);
  const record = name === undefined ? undefined : recordNamed(prototype, name);
  return { name, record, among: hasOperation(prototype, 'cacheable') };
}

/** The method in whose place instrumentation has put a function of its own, which goes by its name, or a constructor a bound one. */
function namesake(prototype: object, { name }: { readonly name: string }): string | undefined {
  const original = name.replace(/^(?:bound )+/, '');
  return typeof (prototype as Record<string, unknown>)[original] === 'function' ? original : undefined;
}

function cacheableOf(
  record: MethodRecord | undefined,
): { cache?: string | undefined; varyBy?: VaryBy | undefined } | undefined {
  return record?.operations.find(({ kind }) => kind === 'cacheable')?.options;
}

function label(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function inScope(scope: HandlerScope, next: CallHandler): Observable<unknown> {
  return new Observable((subscriber) => runInHandler(scope, () => next.handle().subscribe(subscriber)));
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
