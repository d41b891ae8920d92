import { isObservable, Observable, throwError } from 'rxjs';
import { readTags } from '../cache/arguments.js';
import type { GetOrSetOptions } from '../cache/call-options.js';
import type { LoadContext } from '../cache/load-context.js';
import { runDetached } from '../cache/load-scope.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import type { CallRunner } from './binding.js';
import { PlanMaker, type CallPlan, type EntryPlan } from './call-plan.js';
import { takeCallScope, type CallScope } from './call-scope.js';
import type { ClassNames } from './class-names.js';
import { collect, replay } from './emissions.js';
import type { MethodRecord } from './method-record.js';

/** One call of a decorated method. */
interface Call {
  readonly plan: CallPlan;
  readonly scope: CallScope | undefined;
  readonly instance: object;
  readonly args: unknown[];
  /** Ends this caller's wait. */
  readonly signal: AbortSignal | undefined;
  /** Runs the body; an Observable's emissions are gathered. `context` is that of the load it runs in. */
  invoke(context: LoadContext | undefined): unknown;
  /** What `unless`, `ttl` and result tags see of what `invoke` comes to. */
  resultOf(value: unknown): unknown;
}

/** A call whose body returns a Promise. */
class PromiseCall implements Call {
  readonly signal = undefined;

  constructor(
    readonly plan: CallPlan,
    readonly scope: CallScope | undefined,
    readonly instance: object,
    readonly args: unknown[],
    private readonly body: (...args: unknown[]) => unknown,
  ) {}

  invoke(): unknown {
    return this.body.apply(this.instance, this.args);
  }

  resultOf(value: unknown): unknown {
    return value;
  }
}

/** What a call has to do, worked out from its arguments before the body can change them. */
interface Prepared {
  /** The key to look up; undefined where the body runs uncached. */
  readonly lookup: string | undefined;
  readonly puts: readonly { readonly entry: EntryPlan; readonly key: string }[];
  readonly early: readonly (() => Promise<unknown>)[];
  readonly late: readonly (() => Promise<unknown>)[];
}

/**
 * Runs the calls of decorated methods, in this order: early evictions, lookup, body, put, late evictions.
 * Reading can fail without harm: the body then runs uncached and one warning says why. What decides on a
 * write (the key of a put, the targets of an eviction) cannot: it fails the call before the body runs.
 */
export class CallExecutor implements CallRunner {
  readonly #plans = new Map<MethodRecord, WeakMap<object, CallPlan>>();
  /** The plan last used for each method: most are called on one class only. */
  readonly #latest = new Map<MethodRecord, { readonly type: object; readonly plan: CallPlan }>();

  constructor(
    private readonly log: CacheLog,
    private readonly classNames: ClassNames,
  ) {}

  run(record: MethodRecord, instance: object, args: unknown[], body: (...args: unknown[]) => unknown): unknown {
    try {
      const plan = this.plan(record, instance);
      if (!plan.enabled) return body.apply(instance, args);
      const call = new PromiseCall(plan, takeCallScope(record), instance, args, body);
      if (record.returns === 'promise') return this.#promise(call);
      return record.returns === 'observable' ? this.#observable(call) : this.#learn(record, call);
    } catch (error) {
      return record.returns === 'observable' ? throwError(() => error) : Promise.reject(error);
    }
  }

  /** The plan of a method for the class of an instance. @throws {CacheOptionsError} if its decorators make no sense. */
  plan(record: MethodRecord, instance: object): CallPlan {
    const type = Object.getPrototypeOf(instance) as object;
    const latest = this.#latest.get(record);
    if (latest !== undefined && latest.type === type) return latest.plan;
    const plans = this.#plans.get(record) ?? new WeakMap<object, CallPlan>();
    const plan = plans.get(type) ?? this.#newPlan(record, instance, type);
    this.#plans.set(record, plans.set(type, plan));
    this.#latest.set(record, { type, plan });
    return plan;
  }

  #newPlan(record: MethodRecord, instance: object, type: object): CallPlan {
    const maker = new PlanMaker(instance);
    this.classNames.claim(maker.classId, type.constructor, record);
    return maker.plan(record);
  }

  #promise(call: Call): Promise<unknown> {
    if (!call.plan.simple) return this.#execute(call, this.#prepare(call));
    const key = this.#lookupKey(call);
    return key === undefined ? this.#uncached(call) : this.#cached(call, key);
  }

  #observable(bare: Call): Observable<unknown> {
    const prepared = this.#prepare(bare);
    return replay((pass, signal) => {
      // An eviction has to be done before the first emission lets the subscriber go on.
      const seen = bare.plan.simple ? pass : (): void => {};
      const invoke = (context: LoadContext | undefined): unknown =>
        collect(bare.invoke(context) as Observable<unknown>, seen, context?.signal ?? signal);
      return this.#execute(derived(bare, { invoke, resultOf: last, signal }), prepared);
    });
  }

  /**
   * The first call of a method whose declaration does not tell whether it returns a Promise or an Observable.
   * Where a missing entry is found missing at once, the body has run before this returns and told it. Else
   * the body runs now, at most once all the same, and its result is not stored: it began before its lease.
   */
  #learn(record: MethodRecord, bare: Call): unknown {
    let body: { readonly returned: unknown } | undefined;
    let tooLate = false;
    const run = (): unknown => {
      const { returned } = (body ??= { returned: bare.invoke(undefined) });
      record.returns = returnsOf(returned, bare.plan.label);
      return returned;
    };
    const invoke = (context: LoadContext | undefined): unknown => {
      if (tooLate) context?.skip();
      const returned = run();
      return isObservable(returned) ? collect(returned, () => {}, context?.signal ?? NEVER) : returned;
    };
    const resultOf = (value: unknown): unknown => (record.returns === 'observable' ? last(value) : value);
    const result = this.#promise(derived(bare, { invoke, resultOf }));
    result.catch(() => {});
    if (body === undefined) {
      tooLate = true;
      const returned = run();
      if (record.returns === 'promise') Promise.resolve(returned).catch(() => {});
    }
    return record.returns === 'observable' ? replay(() => result) : result;
  }

  #prepare(call: Call): Prepared {
    const { plan, instance, args } = call;
    const evicts = plan.evicts
      .filter(({ condition }) => condition?.(instance, args) ?? true)
      .map(({ early, prepare }) => ({ early, evict: prepare(instance, args) }));
    return {
      lookup: this.#lookupKey(call),
      puts: plan.puts
        .filter(({ condition }) => condition?.(instance, args) ?? true)
        .map((entry) => ({ entry, key: entry.key(instance, args) })),
      early: evicts.filter(({ early }) => early).map(({ evict }) => evict),
      late: evicts.filter(({ early }) => !early).map(({ evict }) => evict),
    };
  }

  /** The key to look up, unless the call, its condition or its arguments say that there is none. */
  #lookupKey(call: Call): string | undefined {
    const { plan, scope, instance, args } = call;
    const { cacheable } = plan;
    if (cacheable === undefined || !cacheable.cache.enabled || scope?.options.mode === 'bypass') return undefined;
    try {
      if (cacheable.condition !== undefined && !cacheable.condition(instance, args)) return undefined;
      return scope?.options.key ?? cacheable.key(instance, args);
    } catch (error) {
      this.#warn(plan, 'ran uncached', error);
      return undefined;
    }
  }

  /** What is asked of the cache for one entry; mostly the same for every call. */
  #optionsOf(entry: EntryPlan, call: Call): GetOrSetOptions {
    const { plan, scope, instance, args, signal } = call;
    const { tags, options } = entry;
    if (scope === undefined && tags === undefined && signal === undefined) return options;
    return {
      ttl: scope?.options.ttl ?? options.ttl,
      forceFresh: scope?.options.mode === 'refresh',
      tags: tags && ((): readonly string[] => readTags(tags(instance, args), plan.label)),
      signal,
    };
  }

  #execute(call: Call, prepared: Prepared): Promise<unknown> {
    if (prepared.early.length === 0 && prepared.late.length === 0) return this.#produce(call, prepared);
    return this.#evictAround(call, prepared);
  }

  async #evictAround(call: Call, prepared: Prepared): Promise<unknown> {
    let ran = false;
    const invoke = async (context: LoadContext | undefined): Promise<unknown> => {
      const value = await call.invoke(context);
      ran = true;
      return value;
    };
    await Promise.all(prepared.early.map((evict) => evict()));
    const value = await this.#produce(derived(call, { invoke }), prepared);
    if (ran) await Promise.all(prepared.late.map((evict) => evict()));
    return value;
  }

  /** The value: looked up, or stored by every put, or just what the body returns. */
  #produce(call: Call, { lookup, puts }: Prepared): Promise<unknown> {
    if (lookup !== undefined) return this.#cached(call, lookup);
    if (puts.length === 0) return this.#uncached(call);
    const write = puts.reduceRight<(context: LoadContext | undefined) => unknown>(
      (inner, { entry, key }) =>
        () => {
          const writer = derived(call, { invoke: inner });
          const load = (context: LoadContext): unknown => this.#load(writer, entry, context);
          return entry.cache.write(key, load, this.#optionsOf(entry, call), call.plan.caller);
        },
      (context) => call.invoke(context),
    );
    return write(undefined) as Promise<unknown>;
  }

  async #uncached(call: Call): Promise<unknown> {
    return runDetached(() => call.invoke(undefined));
  }

  #cached(call: Call, key: string): Promise<unknown> {
    const { plan, scope } = call;
    const entry = plan.cacheable!;
    const caller = scope?.report === undefined ? plan.caller : { ...plan.caller, report: scope.report };
    return entry.cache.call(key, (context) => this.#load(call, entry, context), this.#optionsOf(entry, call), caller);
  }

  /** Runs the body as a loader and says what the decorators want to know of its result. */
  async #load(call: Call, entry: EntryPlan, context: LoadContext): Promise<unknown> {
    const value = await call.invoke(context);
    this.#judge(call, entry, context, call.resultOf(value));
    return value;
  }

  #judge(call: Call, entry: EntryPlan, context: LoadContext, result: unknown): void {
    const { instance, args, plan, scope } = call;
    try {
      if (scope?.options.mode === 'readonly' || entry.unless?.(instance, result, args) === true) return context.skip();
      if (entry.ttlOf !== undefined && scope?.options.ttl === undefined) {
        context.setTtl(entry.ttlOf(instance, result, args));
      }
      if (entry.resultTags !== undefined) context.setTags(entry.resultTags(instance, result, args));
    } catch (error) {
      context.skip();
      this.#warn(plan, 'did not store a result', error);
    }
  }

  #warn(plan: CallPlan, what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.log.warnOnce(`${plan.label} ${what}`, `${plan.label} ${what}: ${reason}`);
  }
}

const NEVER = new AbortController().signal;

/** The same call, done in another way. */
function derived(call: Call, other: Partial<Call>): Call {
  const { plan, scope, instance, args, signal } = call;
  return {
    plan,
    scope,
    instance,
    args,
    signal,
    invoke: (context) => call.invoke(context),
    resultOf: (value) => call.resultOf(value),
    ...other,
  };
}

function last(values: unknown): unknown {
  return (values as readonly unknown[]).at(-1);
}

function returnsOf(returned: unknown, label: string): 'promise' | 'observable' {
  if (isObservable(returned)) return 'observable';
  if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') return 'promise';
  throw new CacheOptionsError(`${label} must return a Promise or an Observable to be cached: declare it async`);
}
