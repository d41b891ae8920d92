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
  /** Runs the body; an Observable's emissions are gathered. `context` is that of the load it runs in. */
  readonly invoke: (context: LoadContext | undefined) => unknown;
  /** What `unless`, `ttl` and result tags see of what the body returned; undefined where that is the value itself. */
  readonly resultOf: ((value: unknown) => unknown) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a call has to do, worked out from its arguments before the body can change them. */
interface Prepared {
  /** The entry to look up; undefined where the body runs uncached. */
  readonly lookup: Keyed | undefined;
  readonly puts: readonly Keyed[];
  readonly early: readonly (() => Promise<unknown>)[];
  readonly late: readonly (() => Promise<unknown>)[];
}

interface Keyed {
  readonly entry: EntryPlan;
  readonly key: string;
  readonly options: GetOrSetOptions;
}

const NOTHING: readonly never[] = [];

/**
 * Runs the calls of decorated methods, in this order: early evictions, lookup, body, put, late evictions.
 * Reading can fail without harm: the body then runs uncached and one warning says why. What decides on a
 * write (the key of a put, the targets of an eviction) cannot: it fails the call before the body runs.
 */
export class CallExecutor implements CallRunner {
  readonly #plans = new WeakMap<object, Map<MethodRecord, CallPlan>>();

  constructor(
    private readonly log: CacheLog,
    private readonly classNames: ClassNames,
  ) {}

  run(record: MethodRecord, instance: object, args: unknown[], body: (...args: unknown[]) => unknown): unknown {
    const bare = (): unknown => body.apply(instance, args);
    try {
      const plan = this.plan(record, instance);
      if (!plan.enabled) return bare();
      const scope = takeCallScope(record);
      if (record.returns === 'promise') {
        return this.#promise({ plan, scope, instance, args, invoke: bare, resultOf: undefined, signal: undefined });
      }
      if (record.returns === 'observable') return this.#observable(plan, scope, instance, args, bare);
      return this.#learn(record, plan, scope, instance, args, bare);
    } catch (error) {
      return record.returns === 'observable' ? throwError(() => error) : Promise.reject(error);
    }
  }

  /** The plan of a method for the class of an instance. @throws {CacheOptionsError} if its decorators make no sense. */
  plan(record: MethodRecord, instance: object): CallPlan {
    const type = Object.getPrototypeOf(instance) as object;
    const known = this.#plans.get(type)?.get(record);
    if (known !== undefined) return known;
    const maker = new PlanMaker(instance);
    this.classNames.claim(maker.classId, type.constructor, record);
    const plan = maker.plan(record);
    const plans = this.#plans.get(type) ?? new Map<MethodRecord, CallPlan>();
    this.#plans.set(type, plans.set(record, plan));
    return plan;
  }

  #promise(call: Call): Promise<unknown> {
    if (!call.plan.simple) return this.#execute(call, this.#prepare(call));
    const lookup = this.#lookup(call);
    return lookup === undefined ? this.#uncached(call) : this.#cached(call, lookup);
  }

  #observable(
    plan: CallPlan,
    scope: CallScope | undefined,
    instance: object,
    args: unknown[],
    bare: () => unknown,
  ): Observable<unknown> {
    const shared = { plan, scope, instance, args, resultOf: last };
    const prepared = this.#prepare({ ...shared, invoke: bare, signal: undefined });
    return replay((pass, signal) => {
      // An eviction has to be done before the first emission lets the subscriber go on.
      const seen = plan.simple ? pass : (): void => {};
      const invoke = (context: LoadContext | undefined): unknown =>
        collect(bare() as Observable<unknown>, seen, context?.signal ?? signal);
      return this.#execute({ ...shared, invoke, signal }, prepared);
    });
  }

  /**
   * The first call of a method whose declaration does not tell whether it returns a Promise or an Observable.
   * Where a missing entry is found missing at once, the body has run before this returns and told it. Else
   * the body runs now, at most once all the same, and its result is not stored: it began before its lease.
   */
  #learn(
    record: MethodRecord,
    plan: CallPlan,
    scope: CallScope | undefined,
    instance: object,
    args: unknown[],
    bare: () => unknown,
  ): unknown {
    let body: { readonly returned: unknown } | undefined;
    let tooLate = false;
    const invoke = (context: LoadContext | undefined): unknown => {
      if (tooLate) context?.skip();
      const { returned } = (body ??= { returned: bare() });
      record.returns = returnsOf(returned, plan.label);
      return isObservable(returned) ? collect(returned, () => {}, context?.signal ?? NEVER) : returned;
    };
    const resultOf = (value: unknown): unknown => (record.returns === 'observable' ? last(value) : value);
    const result = this.#promise({ plan, scope, instance, args, invoke, resultOf, signal: undefined });
    result.catch(() => {});
    if (body === undefined) {
      tooLate = true;
      body = { returned: bare() };
      record.returns = returnsOf(body.returned, plan.label);
      if (record.returns === 'promise') (body.returned as Promise<unknown>).then(undefined, () => {});
    }
    return record.returns === 'observable' ? replay(() => result) : result;
  }

  #prepare(call: Call): Prepared {
    const { plan, instance, args } = call;
    if (plan.simple) return { lookup: this.#lookup(call), puts: NOTHING, early: NOTHING, late: NOTHING };
    const evicts = plan.evicts
      .filter(({ condition }) => condition?.(instance, args) ?? true)
      .map(({ early, prepare }) => ({ early, evict: prepare(instance, args) }));
    return {
      lookup: this.#lookup(call),
      puts: plan.puts
        .filter(({ condition }) => condition?.(instance, args) ?? true)
        .map((entry) => this.#keyed(entry, call)),
      early: evicts.filter(({ early }) => early).map(({ evict }) => evict),
      late: evicts.filter(({ early }) => !early).map(({ evict }) => evict),
    };
  }

  /** The entry to look up, unless the call, its condition or its arguments say that there is none. */
  #lookup(call: Call): Keyed | undefined {
    const { plan, scope, instance, args } = call;
    const { cacheable } = plan;
    if (cacheable === undefined || !cacheable.cache.enabled || scope?.options.mode === 'bypass') return undefined;
    try {
      if (cacheable.condition !== undefined && !cacheable.condition(instance, args)) return undefined;
      return this.#keyed(cacheable, call);
    } catch (error) {
      this.#warn(plan, 'ran uncached', error);
      return undefined;
    }
  }

  #keyed(entry: EntryPlan, call: Call): Keyed {
    const { plan, scope, instance, args } = call;
    const { tags } = entry;
    const key = scope?.options.key ?? entry.key(instance, args);
    if (scope === undefined && tags === undefined) return { entry, key, options: entry.options };
    const ttl = scope?.options.ttl ?? entry.options.ttl;
    const known = tags && ((): readonly string[] => readTags(tags(instance, args), plan.label));
    return { entry, key, options: { ttl, forceFresh: scope?.options.mode === 'refresh', tags: known } };
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
    const value = await this.#produce({ ...call, invoke }, prepared);
    if (ran) await Promise.all(prepared.late.map((evict) => evict()));
    return value;
  }

  /** The value: stored by every put, or looked up, or just what the body returns. */
  #produce(call: Call, { lookup, puts }: Prepared): Promise<unknown> {
    if (lookup !== undefined) return this.#cached(call, lookup);
    if (puts.length === 0) return this.#uncached(call);
    return puts.reduceRight<(context: LoadContext | undefined) => Promise<unknown>>(
      (inner, put) => () =>
        put.entry.cache.write(
          put.key,
          this.#loader({ ...call, invoke: inner }, put.entry),
          put.options,
          call.plan.caller,
        ),
      async (context) => call.invoke(context),
    )(undefined);
  }

  async #uncached(call: Call): Promise<unknown> {
    return runDetached(() => call.invoke(undefined));
  }

  #cached(call: Call, { entry, key, options }: Keyed): Promise<unknown> {
    const { plan, scope, signal } = call;
    const caller = scope?.report === undefined ? plan.caller : { ...plan.caller, report: scope.report };
    const asked = signal === undefined ? options : { ...options, signal };
    return entry.cache.call(key, this.#loader(call, entry), asked, caller);
  }

  /** The body as a loader, which afterwards says what the decorators want to know of its result. */
  #loader(call: Call, entry: EntryPlan): (context: LoadContext) => unknown {
    return (context) =>
      Promise.resolve(call.invoke(context)).then((value) => {
        this.#judge(call, entry, context, call.resultOf === undefined ? value : call.resultOf(value));
        return value;
      });
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

function last(values: unknown): unknown {
  return (values as readonly unknown[]).at(-1);
}

function returnsOf(returned: unknown, label: string): 'promise' | 'observable' {
  if (isObservable(returned)) return 'observable';
  if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') return 'promise';
  throw new CacheOptionsError(`${label} must return a Promise or an Observable to be cached: declare it async`);
}
