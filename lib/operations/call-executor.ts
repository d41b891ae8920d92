import { isObservable, Observable, throwError } from 'rxjs';
import { assertStorable, readTags } from '../cache/arguments.js';
import type { Caller, GetOrSetOptions } from '../cache/call-options.js';
import type { LoadContext } from '../cache/loading/load-context.js';
import { runDetached } from '../cache/loading/load-scope.js';
import { CacheKeyError, CacheOptionsError, CacheSerializationError } from '../errors/cache.errors.js';
import type { CacheLog } from '../events/cache-log.js';
import type { CallRunner } from './binding.js';
import { derived, PromiseCall, type Call } from './call.js';
import { PlanMaker, type CallPlan, type EntryPlan } from './call-plan.js';
import { handlerAround, takeCallScope } from './call-scope.js';
import type { ClassNames } from './class-names.js';
import { collect, emissionsOf, replay } from './emissions.js';
import type { MethodRecord } from './method-record.js';

/** What a call has to do, worked out from its arguments before the body can change them. */
interface Prepared {
  /** The key to look up; undefined where the body runs uncached. */
  readonly lookup: string | undefined;
  readonly puts: readonly { readonly entry: EntryPlan; readonly key: string; readonly options: GetOrSetOptions }[];
  readonly early: readonly (() => Promise<unknown>)[];
  readonly late: readonly (() => Promise<unknown>)[];
}

/**
 * Runs the calls of decorated methods, in this order: early evictions, lookup, body, put, late evictions.
 * Reading can fail without harm: the body then runs uncached and one warning says why. What decides on a
 * write (the key of a put, the targets of an eviction) cannot: it fails the call before the body runs.
 */
export class CallExecutor implements CallRunner {
  private readonly plans = new Map<MethodRecord, WeakMap<object, CallPlan>>();
  /** The plan last used for each method: most are called on one class only. */
  private readonly latest = new Map<MethodRecord, { readonly type: object; readonly plan: CallPlan }>();

  constructor(
    private readonly log: CacheLog,
    private readonly classNames: ClassNames,
  ) {}

  run(record: MethodRecord, instance: object, args: unknown[], body: (...args: unknown[]) => unknown): unknown {
    try {
      const plan = this.plan(record, instance);
      const call = new PromiseCall(plan, takeCallScope(), handlerAround(instance), instance, args, body);
      if (!plan.enabled || plan.closed()) {
        this.leftOut(call, 'bypass', plan.enabled ? 'closed' : 'disabled');
        return runDetached(() => body.apply(instance, args));
      }
      if (record.returns === 'promise') return this.promise(call);
      return record.returns === 'observable' ? this.observable(call) : this.learn(record, call);
    } catch (error) {
      return record.returns === 'observable' ? throwError(() => error) : Promise.reject(error);
    }
  }

  /** The plan of a method for the class of an instance. @throws {CacheOptionsError} if its decorators make no sense. */
  plan(record: MethodRecord, instance: object): CallPlan {
    const type = Object.getPrototypeOf(instance) as object;
    const latest = this.latest.get(record);
    if (latest !== undefined && latest.type === type) return latest.plan;
    const plans = this.plans.get(record) ?? new WeakMap<object, CallPlan>();
    const plan = plans.get(type) ?? this.newPlan(record, instance, type);
    this.plans.set(record, plans.set(type, plan));
    this.latest.set(record, { type, plan });
    return plan;
  }

  private newPlan(record: MethodRecord, instance: object, type: object): CallPlan {
    const maker = new PlanMaker(instance);
    this.classNames.claim(maker.classId, type.constructor, record);
    return maker.plan(record);
  }

  private promise(call: Call): Promise<unknown> {
    if (!call.plan.simple) return this.execute(call, this.prepare(call));
    const key = this.lookupKey(call);
    return key === undefined ? this.uncached(call) : this.cached(call, key);
  }

  private observable(bare: Call): Observable<unknown> {
    const prepared = this.prepare(bare);
    return replay((follower, signal) => {
      // An eviction has to be done before the first emission lets the subscriber go on.
      const following = bare.plan.simple ? follower : { ...follower, next: (): void => {} };
      const invoke = (context: LoadContext | undefined): unknown =>
        collect(bare.invoke(context) as Observable<unknown>, following, context?.signal ?? signal);
      return this.execute(derived(bare, { invoke, gathers: () => true, signal }), prepared);
    });
  }

  /**
   * The first call of a method whose declaration does not tell whether it returns a Promise or an Observable.
   * Where a missing entry is found missing at once, the body has run before this returns and told it. Else
   * the body runs now, at most once all the same, and its result is not stored: it began before its lease.
   */
  private learn(record: MethodRecord, bare: Call): unknown {
    let body: { readonly returned: unknown } | undefined;
    let tooLate = false;
    const run = (): unknown => {
      if (body !== undefined) return body.returned;
      try {
        body = { returned: bare.invoke(undefined) };
      } catch (error) {
        body = { returned: Promise.reject(error) };
        return body.returned;
      }
      record.returns = returnsOf(body.returned, bare.plan.label);
      return body.returned;
    };
    const invoke = (context: LoadContext | undefined): unknown => {
      // It began before its lease: what it says may be old by now.
      if (tooLate) context?.setTtl(0);
      const returned = run();
      return isObservable(returned)
        ? collect(returned, NOBODY, context?.signal ?? new AbortController().signal)
        : returned;
    };
    const gathers = (): boolean => record.returns === 'observable';
    const result = this.promise(derived(bare, { invoke, gathers }));
    result.catch(() => {});
    if (body === undefined) {
      tooLate = true;
      const returned = run();
      if (!isObservable(returned)) Promise.resolve(returned).catch(() => {});
    }
    return record.returns === 'observable' ? replay(() => result) : result;
  }

  private prepare(call: Call): Prepared {
    const { plan, instance, args } = call;
    const evicts = plan.evicts
      .filter(({ condition }) => condition?.(instance, args) ?? true)
      .map(({ early, prepare }) => ({ early, evict: prepare(instance, args) }));
    return {
      lookup: this.lookupKey(call),
      puts: plan.puts
        .filter(({ condition }) => condition?.(instance, args) ?? true)
        .map((entry) => ({
          entry,
          key: entry.cache.locate(entry.key(instance, args), plan.label),
          options: { ...entry.options, tags: readTags(entry.tags?.(instance, args) ?? [], plan.label) },
        })),
      early: evicts.filter(({ early }) => early).map(({ evict }) => evict),
      late: evicts.filter(({ early }) => !early).map(({ evict }) => evict),
    };
  }

  /** The key to look up, unless the call, its condition or its arguments say that there is none. */
  private lookupKey(call: Call): string | undefined {
    const { plan, scope, handler, instance, args } = call;
    const { cacheable } = plan;
    if (cacheable === undefined) return undefined;
    if (!cacheable.cache.enabled) return this.leftOut(call, 'bypass', 'disabled');
    if (handler !== undefined && !handler.admits(plan.record)) return this.leftOut(call, 'bypass', 'identity');
    if (scope?.options.mode === 'bypass') return this.leftOut(call, 'bypass', 'mode');
    try {
      const asked = cacheable.condition === undefined || cacheable.condition(instance, args);
      if (!asked) return this.leftOut(call, 'bypass', 'condition');
      return this.keyOf(call, cacheable);
    } catch (error) {
      this.log.failure(plan.label, 'ran uncached', error);
      const unkeyable = error instanceof CacheKeyError;
      return this.leftOut(call, 'refused', unkeyable ? 'argument not keyable' : 'key, condition or varyBy failed');
    }
  }

  private keyOf({ plan, scope, instance, args }: Call, { cache, key, ownKey }: EntryPlan): string {
    const own = scope?.options.key;
    return cache.locate(own === undefined ? key(instance, args) : ownKey(instance, own), plan.label);
  }

  /** Tells those who want to know why the body runs uncached. */
  private leftOut(call: Call, outcome: 'bypass' | 'refused', reason: string): undefined {
    call.plan.cacheable?.cache.leftOut(outcome, reason, this.callerOf(call));
  }

  private callerOf({ plan, scope, handler }: Call): Caller {
    if (scope === undefined && handler === undefined) return plan.caller;
    const report: Caller['report'] = handler && ((outcome) => handler.report(plan.record, outcome));
    return { ...plan.caller, report, explain: scope?.options.explain };
  }

  /** What is asked of the cache for one entry; mostly the same for every call. */
  private optionsOf(entry: EntryPlan, call: Call): GetOrSetOptions {
    const { scope, signal } = call;
    const { tags, options } = entry;
    if (scope === undefined && tags === undefined && signal === undefined) return options;
    return {
      ...options,
      ttl: scope?.options.ttl ?? options.ttl,
      forceFresh: scope?.options.mode === 'refresh',
      tags: tags && ((): readonly string[] => this.tagsOf(tags, call)),
      signal,
    };
  }

  private tagsOf(tags: EntryPlan['tags'] & {}, call: Call): readonly string[] {
    try {
      return readTags(tags(call.instance, call.args), call.plan.label);
    } catch (error) {
      call.untagged = { error };
      return [];
    }
  }

  private execute(call: Call, prepared: Prepared): Promise<unknown> {
    if (prepared.early.length === 0 && prepared.late.length === 0) return this.produce(call, prepared);
    return this.evictAround(call, prepared);
  }

  private async evictAround(call: Call, prepared: Prepared): Promise<unknown> {
    let ran = false;
    const invoke = async (context: LoadContext | undefined): Promise<unknown> => {
      const value = await call.invoke(context);
      ran = true;
      return value;
    };
    await Promise.all(prepared.early.map((evict) => evict()));
    const value = await this.produce(derived(call, { invoke }), prepared);
    if (ran) await Promise.all(prepared.late.map((evict) => evict()));
    return value;
  }

  /** The value: looked up, or stored by every put, or just what the body returns. */
  private produce(call: Call, { lookup, puts }: Prepared): Promise<unknown> {
    if (lookup !== undefined) return this.cached(call, lookup);
    if (puts.length === 0) return this.uncached(call);
    const write = puts.reduceRight<(context: LoadContext | undefined) => unknown>(
      (inner, { entry, key, options }) =>
        () => {
          const writer = derived(call, { invoke: inner, scope: undefined });
          // Where the result cannot be judged, what it replaces must not stay.
          const load = (context: LoadContext): unknown => this.load(writer, entry, context, () => context.setTtl(0));
          return entry.cache.write(key, load, options, call.plan.caller);
        },
      (context) => call.invoke(context),
    );
    return write(undefined) as Promise<unknown>;
  }

  private async uncached(call: Call): Promise<unknown> {
    return runDetached(() => call.invoke(undefined));
  }

  private cached(call: Call, key: string): Promise<unknown> {
    const entry = call.plan.cacheable!;
    const onFailure = (context: LoadContext): void => context.leaveOut('its tags, unless or ttl failed');
    // An Observable's body runs when it is subscribed to, any other while its call is made, or later.
    let later = call.signal !== undefined;
    const load = (context: LoadContext): unknown => {
      if (later && this.hasChanged(call, entry, key)) {
        context.keepPersonal();
        context.leaveOut('arguments changed');
      }
      return this.load(call, entry, context, () => onFailure(context));
    };
    const value = entry.cache.call(key, load, this.optionsOf(entry, call), this.callerOf(call));
    later = true;
    return value;
  }

  /** Whether the caller has changed its arguments since: the body would make of them what belongs under another key. */
  private hasChanged(call: Call, entry: EntryPlan, key: string): boolean {
    try {
      return this.keyOf(call, entry) !== key;
    } catch {
      return true;
    }
  }

  /** Runs the body as a loader and says what the decorators want to know of its result. */
  private async load(call: Call, entry: EntryPlan, context: LoadContext, onFailure: () => void): Promise<unknown> {
    const value = await call.invoke(context);
    try {
      this.judge(call, entry, context, value);
    } catch (error) {
      if (error instanceof CacheSerializationError) context.keepPersonal();
      onFailure();
      this.log.failure(call.plan.label, 'did not store a result', error);
    }
    return value;
  }

  private judge(call: Call, entry: EntryPlan, context: LoadContext, value: unknown): void {
    const { instance, args, plan, scope } = call;
    if (call.untagged !== undefined) throw call.untagged.error;
    const emissions = call.gathers() ? emissionsOf(value) : undefined;
    for (const emission of emissions ?? []) assertStorable(emission, plan.label);
    const result = emissions === undefined ? value : emissions.at(-1);
    if (scope?.options.mode === 'readonly') return context.leaveOut('readonly mode');
    if (entry.unless?.(instance, result, args) === true) return context.leaveOut('unless');
    if (entry.ttlOf !== undefined && scope?.options.ttl === undefined && context.said.ttl === undefined) {
      context.setTtl(entry.ttlOf(instance, result, args));
    }
    if (entry.resultTags !== undefined) context.setTags(entry.resultTags(instance, result, args));
  }
}

const NOBODY = { next: (): void => {}, complete: (): void => {}, error: (): void => {} };

function returnsOf(returned: unknown, label: string): 'promise' | 'observable' {
  if (isObservable(returned)) return 'observable';
  if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') return 'promise';
  throw new CacheOptionsError(`${label} must return a Promise or an Observable to be cached: declare it async`);
}
