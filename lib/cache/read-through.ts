import type { CacheEvents } from '../events/cache-events.js';
import { errorOf } from '../errors/error-of.js';
import type { Entry, StoreSpace } from '../stores/store.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { assertLoader } from './arguments.js';
import { KeyBatch, type BatchLoader } from './batch.js';
import type { CacheCore } from './cache-core.js';
import { checkGetOrSetOptions, type Caller, type GetOrSetOptions } from './call-options.js';
import type { CallPolicy } from './call-policy.js';
import { freshOf, Stale, type EntryLookup } from './entry-lookup.js';
import { ABSENT } from './loading/flight.js';
import { isDue } from './freshness.js';
import { Inquiry } from './loading/inquiry.js';
import type { Loader, LoadRequest } from './loading/load-request.js';
import type { SingleFlight } from './loading/single-flight.js';
import { WarmWatch } from './warming/warm-watch.js';

/** The entries of one namespace as a caller gets them: those that are there, or else what is loaded in their place. */
export class ReadThrough {
  private readonly store: StoreSpace;
  private readonly events: CacheEvents;
  private readonly enabled: boolean;

  constructor(
    private readonly core: CacheCore,
    private readonly loads: SingleFlight,
    private readonly lookup: EntryLookup,
  ) {
    this.store = loads.store;
    this.events = core.parts.events;
    this.enabled = core.parts.enabled;
  }

  /** The fresh value. */
  get<T>(located: string): Promise<T | undefined> {
    if (this.isAsked(GET)) return this.getExplained<T>(located);
    const value = this.lookup.findThen(located, GET.operation, freshValueOf) as Awaitable<T | undefined>;
    return isPromise(value) ? value : Promise.resolve(value);
  }

  /** The fresh values by key, in the order of the keys. */
  async getMany<T>(keys: readonly string[]): Promise<Map<string, T>> {
    const inquiries = await this.inquiries(keys, GET_MANY);
    const values = new Map<string, T>();
    for (const [key, entry] of await this.lookup.findMany(keys, GET_MANY.operation)) {
      if (!(entry instanceof Stale)) values.set(key, entry.value as T);
    }
    for (const [key, inquiry] of inquiries ?? []) {
      if (values.has(key)) inquiry.hit();
      else inquiry.miss();
    }
    return values;
  }

  /** The fresh value, or what the loader makes of a missing one. */
  getOrLoad<T>(located: string, loader: Loader<T>, options: GetOrSetOptions, caller: Caller): Promise<T> {
    try {
      if (this.isAsked(caller)) return this.getOrLoadExplained(located, loader, options, caller);
      const entry = this.loadsAnyway(options) ? undefined : this.lookup.find(located, caller.operation);
      if (!isPromise(entry)) return this.answer(entry, located, loader, options, caller);
      return entry.then((found) => this.answer(found, located, loader, options, caller));
    } catch (error) {
      return Promise.reject(errorOf(caller.operation, error));
    }
  }

  /** As {@link getOrLoad} for many keys: those that are missing are asked for together. */
  async getOrLoadMany<T>(
    keys: readonly string[],
    loadMissing: BatchLoader<T>,
    options: GetOrSetOptions,
  ): Promise<Map<string, T>> {
    const watch = WarmWatch.current();
    const call = new ManyCall<T>([...new Set(keys)], loadMissing, this.loads);
    const { wanted, values } = call;
    const located = new Map(wanted.map((key) => [key, this.lookup.locate(key, MANY.operation)]));
    const inquiries = await this.inquiries(wanted, MANY);
    const found = this.loadsAnyway(options)
      ? new Map<string, Entry | Stale>()
      : await this.lookup.findMany(wanted, MANY.operation);
    const request = (key: string, batch: KeyBatch<T>): LoadRequest => {
      const at = located.get(key)!;
      const one = this.request(at, () => batch.load(key, at), options, MANY.operation, found.get(key));
      batch.expect(at);
      return { ...one, batch };
    };
    for (const [key, entry] of found) {
      if (entry instanceof Stale) continue;
      values.set(key, entry.value as T);
      watch?.hit();
      inquiries?.get(key)?.hit();
      if (this.mayRenew(options)) this.renew(entry, options, MANY.operation, () => request(key, call.ahead));
    }
    call.ahead.start();
    const missing = wanted.filter((key) => !values.has(key));
    const requests = missing.map((key) => request(key, call.missing));
    const loads = requests.map((one, index) =>
      this.load<T | typeof ABSENT>(one, MANY, inquiries?.get(missing[index]!)).finally(() =>
        call.missing.without(one.key),
      ),
    );
    call.missing.start();
    for (const [index, value] of (await Promise.all(loads)).entries()) {
      if (value !== ABSENT) values.set(missing[index]!, value);
    }
    return call.inOrder();
  }

  /** Always runs `write` and stores what it returns, unless something else happened to the entry meanwhile. */
  async write<T>(
    located: string,
    write: Loader<T>,
    options: GetOrSetOptions,
    caller: Caller,
    isUnknown?: (error: unknown) => boolean,
  ): Promise<T> {
    const request = { ...this.request(located, write, options, caller.operation, undefined), writes: true };
    const landing = await this.loads.write(request, isUnknown);
    if ('unstored' in landing) this.unstored(landing.unstored, caller);
    return landing.value as T;
  }

  /** Tells those who want to know that a call left the cache out. */
  leftOut(outcome: 'bypass' | 'refused', reason: string, caller: Caller): void {
    WarmWatch.current()?.leftOut();
    if (this.isAsked(caller)) this.inquiry(undefined, caller).leftOut(outcome, reason);
  }

  private answer<T>(
    entry: Entry | Stale | undefined,
    key: string,
    loader: Loader<T>,
    options: GetOrSetOptions,
    caller: Caller,
    inquiry?: Inquiry,
  ): Promise<T> {
    if (entry === undefined || entry instanceof Stale) {
      caller.report?.('miss');
      return this.load<T>(this.request(key, loader, options, caller.operation, entry), caller, inquiry);
    }
    caller.report?.('hit');
    inquiry?.hit();
    WarmWatch.current()?.hit();
    if (this.mayRenew(options)) {
      this.renew(entry, options, caller.operation, () => this.request(key, loader, options, caller.operation, entry));
    }
    return Promise.resolve(entry.value as T);
  }

  private async load<T>(request: LoadRequest, caller: Caller, inquiry?: Inquiry): Promise<T> {
    const landing = await this.loads.load(request);
    // A load for many keys, which this one had joined, found nothing here.
    if (landing.value === ABSENT && caller !== MANY) return this.load<T>(request, caller, inquiry);
    inquiry?.landed(landing);
    WarmWatch.current()?.landed(landing);
    if (landing.failure !== undefined) throw landing.failure.error;
    if (landing.stale !== undefined) this.stale(request.key, caller);
    if ('unstored' in landing) this.unstored(landing.unstored, caller);
    return landing.value as T;
  }

  private stale(key: string, caller: Caller): void {
    caller.report?.('stale');
    this.events.emit('stale', { namespace: this.loads.namespace, key });
  }

  /** Whether a read with these options may have to renew an entry: mostly it may not. */
  private mayRenew(options: GetOrSetOptions): boolean {
    return (options.refreshAhead !== undefined || this.core.renews) && WarmWatch.current() === undefined;
  }

  /** Renews a fresh entry in the background if it is close to its end. */
  private renew(entry: Entry, options: GetOrSetOptions, operation: string, request: () => LoadRequest): void {
    const ahead = this.policy.refreshAhead(options, operation);
    if (ahead !== undefined && isDue(entry, this.lookup.coarseNow(), ahead)) this.loads.refresh(request(), entry);
  }

  /** One for each of these keys, where somebody wants to know. */
  private async inquiries(keys: readonly string[], caller: Caller): Promise<ReadonlyMap<string, Inquiry> | undefined> {
    if (!this.isAsked(caller)) return undefined;
    const now = this.core.parts.clock.now();
    const made = [...new Set(keys)].map(async (key): Promise<[string, Inquiry]> => {
      const located = this.lookup.locate(key, caller.operation);
      const inquiry = this.inquiry(located, caller);
      inquiry.missing(await this.store.absence(located, now));
      return [key, inquiry];
    });
    return new Map(await Promise.all(made));
  }

  private async getExplained<T>(located: string): Promise<T | undefined> {
    const inquiry = this.inquiry(located, GET);
    inquiry.missing(await this.store.absence(located, this.core.parts.clock.now()));
    const entry = freshOf(await this.lookup.find(located, GET.operation));
    if (entry === undefined) inquiry.miss();
    else inquiry.hit();
    return entry?.value as T | undefined;
  }

  private async getOrLoadExplained<T>(
    located: string,
    loader: Loader<T>,
    options: GetOrSetOptions,
    caller: Caller,
  ): Promise<T> {
    const inquiry = this.inquiry(located, caller);
    if (this.loadsAnyway(options)) return this.answer(undefined, located, loader, options, caller, inquiry);
    inquiry.missing(await this.store.absence(located, this.core.parts.clock.now()));
    return this.answer(await this.lookup.find(located, caller.operation), located, loader, options, caller, inquiry);
  }

  /** Whether somebody wants to know what a read comes to. */
  private isAsked(caller: Caller): boolean {
    return caller.explain !== undefined || this.events.hears('outcome');
  }

  private inquiry(key: string | undefined, { operation, explain }: Caller): Inquiry {
    const { events } = this;
    const { name } = this.core.parts;
    const about = { cache: name, namespace: this.loads.namespace, operation, key };
    return new Inquiry(about, (explanation) => {
      events.emit('outcome', explanation);
      if (explain !== undefined) events.tell(explain, explanation);
    });
  }

  /** A value was loaded and not stored: its caller is told, or spared it. */
  private unstored(error: unknown, caller: Caller): void {
    if (caller.strict) throw error;
    this.events.emit('error', { operation: caller.operation, error });
  }

  /** Whether the lookup is left out: asked for, or there is nothing to look into. */
  private loadsAnyway(options: GetOrSetOptions | null): boolean {
    return options === null || options.forceFresh === true || !this.enabled || WarmWatch.current()?.refresh === true;
  }

  /** @param seen the entry that is there, fresh or not, if one is known of */
  private request(
    key: string,
    loader: Loader,
    given: GetOrSetOptions,
    operation: string,
    seen: Entry | Stale | undefined,
  ): LoadRequest {
    checkGetOrSetOptions(given, operation);
    assertLoader(loader, operation);
    const { policy } = this;
    const watch = WarmWatch.current();
    const options = watch?.options(given) ?? given;
    const asked = this.enabled ? options : { ...options, forceFresh: true };
    const usual = policy.terms(options, operation);
    const terms = watch?.terms(usual) ?? usual;
    const looks = this.enabled && (seen !== undefined || options.forceFresh === true);
    const stale = seen instanceof Stale ? seen.entry : undefined;
    return { key, loader, options: asked, policy, terms, looks, seen: stale, operation };
  }

  private get policy(): CallPolicy {
    return this.core.policy(this.loads.namespace);
  }
}

/** What one call for many keys has gathered. */
class ManyCall<T> {
  readonly values = new Map<string, T>();
  /** Keys that are missing. */
  readonly missing: KeyBatch<T>;
  /** Keys whose entries are close to their end. */
  readonly ahead: KeyBatch<T>;

  constructor(
    readonly wanted: readonly string[],
    loadMissing: BatchLoader<T>,
    space: SingleFlight,
  ) {
    this.missing = new KeyBatch(wanted, loadMissing, space);
    this.ahead = new KeyBatch(wanted, loadMissing, space);
  }

  /** What was found, in the order in which it was asked for. */
  inOrder(): Map<string, T> {
    const { wanted, values } = this;
    return new Map(wanted.filter((key) => values.has(key)).map((key) => [key, values.get(key) as T]));
  }
}

const GET: Caller = { operation: 'get', strict: true };
const GET_MANY: Caller = { operation: 'getMany', strict: true };
const MANY: Caller = { operation: 'getOrSetMany', strict: true };

function freshValueOf(found: Entry | Stale | undefined): unknown {
  return freshOf(found)?.value;
}
