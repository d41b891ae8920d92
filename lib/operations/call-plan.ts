import { readTags } from '../cache/arguments.js';
import { FRESHNESS_OPTIONS, type Caller, type FreshnessOptions, type GetOrSetOptions } from '../cache/call-options.js';
import { varied } from '../cache/cache-core.js';
import type { CacheService } from '../cache/cache.service.js';
import { CacheOptionsError } from '../errors/cache.errors.js';
import { isPromise } from '../support/awaitable.js';
import type { Duration } from '../support/duration.js';
import { argumentKeys } from './argument-key.js';
import { bindingOf, bindingSlot } from './binding.js';
import { configOf, declaringClass, recordNamed, recordsNamed, type MethodRecord } from './method-record.js';
import type {
  CacheableOptions,
  CacheConfigOptions,
  CacheEvictOptions,
  CachePutOptions,
  PlaceOptions,
  TagRule,
  VaryBy,
} from './operation.js';

type Args = readonly unknown[];
type Maker<T> = (instance: object, args: Args) => T;
type ResultMaker<T> = (instance: object, result: unknown, args: Args) => T;

/** One entry that a call reads or stores: where, under which key, and on what conditions. */
export interface EntryPlan {
  readonly cache: CacheService;
  readonly key: Maker<string>;
  /** The key of a caller's own, as it differs for whoever asks. */
  readonly ownKey: (instance: object, key: string) => string;
  /** Parameters its method declares. */
  readonly arity: number;
  readonly condition: Maker<boolean> | undefined;
  readonly unless: ResultMaker<boolean> | undefined;
  /** The options of a call whose tags do not depend on it. */
  readonly options: GetOrSetOptions;
  readonly ttlOf: ResultMaker<Duration> | undefined;
  /** Undefined where no tag depends on anything: then there are none. */
  readonly tags: Maker<readonly string[]> | undefined;
  readonly resultTags: ResultMaker<readonly string[]> | undefined;
}

/** What a call evicts, found before its body runs. */
export interface EvictPlan {
  readonly early: boolean;
  readonly condition: Maker<boolean> | undefined;
  /** Finds the targets and returns what evicts them. */
  readonly prepare: Maker<() => Promise<unknown>>;
}

/** What the calls of one method of one class do. */
export interface CallPlan {
  readonly record: MethodRecord;
  /** `Class.method`, for messages. */
  readonly label: string;
  readonly caller: Caller;
  readonly cacheable: EntryPlan | undefined;
  readonly puts: readonly EntryPlan[];
  readonly evicts: readonly EvictPlan[];
  /** Only looks up and stores one entry. */
  readonly simple: boolean;
  /** False where every cache it uses is switched off. */
  readonly enabled: boolean;
  /** Whether the application has been shut down. */
  readonly closed: () => boolean;
}

/** Makes the plan of a method for the class that it is called on, from what its decorators say. */
export class PlanMaker {
  readonly #type: object;
  readonly #config: CacheConfigOptions;

  constructor(private readonly instance: object) {
    this.#type = Object.getPrototypeOf(instance) as object;
    this.#config = configOf(this.#type.constructor);
  }

  /** The class as it appears in default keys. */
  get classId(): string {
    return this.#config.id ?? this.#type.constructor.name;
  }

  plan(record: MethodRecord): CallPlan {
    const cacheables = record.operations.flatMap((op) =>
      op.kind === 'cacheable' ? [this.cacheable(op.options, record)] : [],
    );
    const puts = record.operations.flatMap((op) => (op.kind === 'put' ? [this.#put(op.options, record)] : []));
    const evicts = record.operations.flatMap((op) => (op.kind === 'evict' ? [this.#evict(op.options, record)] : []));
    const caches = record.operations.map((op) => this.#cache(op.options));
    const cacheable = puts.length === 0 ? cacheables[0] : undefined;
    const label = this.#label(record);
    return {
      record,
      label,
      caller: { operation: label, strict: false },
      cacheable,
      // A method with a put always runs; what it would have looked up it stores.
      puts: puts.length === 0 ? [] : [...puts, ...cacheables],
      evicts,
      simple: cacheable !== undefined && evicts.length === 0,
      enabled: caches.some((cache) => cache.enabled),
      closed: () => caches[0]!.closed,
    };
  }

  cacheable(options: CacheableOptions, record: MethodRecord): EntryPlan {
    const { key } = options;
    const made = key === undefined ? this.#defaultKey(record) : explicitKey(key);
    return this.#entry(options, this.#varied(made, options), record);
  }

  /** The cached method that `of` names, and those of its name that it may call through `super`. */
  #targets(of: PropertyKey, by: MethodRecord): [EntryPlan, ...EntryPlan[]] {
    const [target, ...inherited] = [...recordsNamed(this.#type, of)].flatMap((record) => {
      const operation = record?.operations.find(({ kind }) => kind === 'cacheable');
      return record !== undefined && operation?.kind === 'cacheable' ? [this.cacheable(operation.options, record)] : [];
    });
    if (target !== undefined) return [target, ...inherited];
    throw new CacheOptionsError(
      `${this.#label(by)}: of: '${String(of)}' names no method with @Cacheable in ${this.#type.constructor.name}`,
    );
  }

  #put(options: CachePutOptions, record: MethodRecord): EntryPlan {
    if (options.key !== undefined) return this.#entry(options, this.#varied(explicitKey(options.key), options), record);
    const [target] = this.#targets(options.of!, record);
    const args: Maker<Args> = (self, own) => targetArgs(options.args, self, own, target.arity);
    const entry = this.#entry(options, (self, own) => target.key(self, args(self, own)), record);
    return putInPlaceOf(target, args, entry, options);
  }

  #evict(options: CacheEvictOptions, record: MethodRecord): EvictPlan {
    const cache = this.#place(options);
    if (options.allEntries === true && cache.namespaceName === '') {
      throw new CacheOptionsError(
        `${this.#label(record)}: @CacheEvict({ allEntries: true }) needs a namespace, so as not to empty the whole cache`,
      );
    }
    const keys = this.#evictedKeys(options, record);
    const tags = maker(options.tags);
    return {
      early: options.beforeInvocation === true,
      condition: conditionOf(options.condition),
      prepare: (self, args) => {
        if (options.allEntries === true) return () => cache.clear();
        const targets = keys.map(({ from, find }) => ({ from, found: find(self, args) }));
        const tagged = tags === undefined ? [] : readTags(tags(self, args), this.#label(record));
        return () =>
          Promise.all([...targets.map(({ from, found }) => from.deleteMany(found)), cache.invalidateTags(tagged)]);
      },
    };
  }

  #evictedKeys(
    options: CacheEvictOptions,
    record: MethodRecord,
  ): { from: CacheService; find: Maker<readonly string[]> }[] {
    const cache = this.#place(options);
    const found: { from: CacheService; find: Maker<readonly string[]> }[] = [];
    if (options.key !== undefined) {
      const one = this.#varied(explicitKey(options.key), options);
      found.push({ from: cache, find: (self, args) => [one(self, args)] });
    }
    const many = maker(options.keys);
    if (many !== undefined) {
      found.push({
        from: cache,
        find: (self, args) => many(self, args).map((key) => this.#varied(() => key, options)(self, args)),
      });
    }
    for (const { cache: from, key, arity } of options.of === undefined ? [] : this.#targets(options.of, record)) {
      found.push({ from, find: (self, args) => [key(self, targetArgs(options.args, self, args, arity))] });
    }
    return found;
  }

  #entry(options: CacheableOptions | CachePutOptions, key: Maker<string>, record: MethodRecord): EntryPlan {
    const { ttl, unless } = options;
    const ttlOf = typeof ttl === 'function' ? ttl : undefined;
    return {
      cache: this.#place(options),
      key,
      ownKey: (self, own) => this.#varied(() => own, options)(self, []),
      arity: record.arity,
      condition: conditionOf(options.condition),
      unless: unless && ((self, result, args) => decided(unless.call(self, result, ...args), 'unless')),
      options: Object.freeze({
        ttl: typeof ttl === 'function' ? undefined : (ttl ?? this.#config.ttl),
        ...freshnessOf(options, this.#config),
      }),
      ttlOf: ttlOf && ((self, result, args) => ttlOf.call(self, result, ...args)),
      tags: argumentTags(options.tags, record.tags),
      resultTags: resultTags(record.tags),
    };
  }

  #defaultKey(record: MethodRecord): Maker<string> {
    const keyOf = argumentKeys(`${this.classId}.${nameInKey(record)}${this.#overridden(record)}:`);
    if (record.takesNothing) return () => keyOf([]);
    return (_self, args) => keyOf(args);
  }

  /** What tells an inherited method, called through `super`, from the one that overrides it. */
  #overridden(record: MethodRecord): string {
    if (recordNamed(this.#type, record.name) === record) return '';
    const declared = declaringClass(this.#type, record) as { name: string } | undefined;
    return declared === undefined ? '' : `@${configOf(declared).id ?? declared.name}`;
  }

  #varied(key: Maker<string>, options: { readonly varyBy?: VaryBy | undefined }): Maker<string> {
    const by = options.varyBy ?? this.#config.varyBy;
    return typeof by === 'function' ? (self, args) => varied(key(self, args), by.call(self)) : key;
  }

  #place(options: PlaceOptions): CacheService {
    const cache = this.#cache(options);
    const namespace = options.namespace ?? this.#config.namespace;
    return namespace === undefined ? cache : cache.namespace(namespace);
  }

  #cache(options: PlaceOptions): CacheService {
    const binding = bindingOf(this.instance, bindingSlot(options.cache));
    if (binding !== undefined) return binding.cache;
    throw new CacheOptionsError(
      `${this.#type.constructor.name}: there is no cache named '${options.cache ?? 'default'}'`,
    );
  }

  #label(record: MethodRecord): string {
    return `${this.#type.constructor.name}.${nameOfMethod(record)}`;
  }
}

/** What a method says about freshness, or else its class. */
export function freshnessOf(own: FreshnessOptions, config: FreshnessOptions): FreshnessOptions {
  return Object.fromEntries(FRESHNESS_OPTIONS.map((name) => [name, own[name] ?? config[name]]));
}

/** The entry of another method: what that one says of its entries holds where the put says nothing else. */
function putInPlaceOf(
  target: EntryPlan,
  args: Maker<Args>,
  own: EntryPlan,
  { ttl, grace }: CachePutOptions,
): EntryPlan {
  const targets = <T>(make: ResultMaker<T> | undefined): ResultMaker<T> | undefined =>
    make && ((self, result, given) => make(self, result, args(self, given)));
  const { ttl: ownTtl } = own.options;
  return {
    ...own,
    cache: target.cache,
    unless: own.unless ?? targets(target.unless),
    options: Object.freeze({
      ...target.options,
      ...(ttl === undefined ? {} : { ttl: ownTtl }),
      ...(grace === undefined ? {} : { grace }),
    }),
    ttlOf: ttl === undefined ? targets(target.ttlOf) : own.ttlOf,
    tags: (self, given) => [...(own.tags?.(self, given) ?? []), ...(target.tags?.(self, args(self, given)) ?? [])],
    resultTags: (self, result, given) => [
      ...(own.resultTags?.(self, result, given) ?? []),
      ...(targets(target.resultTags)?.(self, result, given) ?? []),
    ],
  };
}

function nameOfMethod(record: MethodRecord): string {
  return typeof record.name === 'symbol' ? `[${record.name.description ?? ''}]` : record.name;
}

/** As {@link nameOfMethod}, such that it cannot be taken for that of a symbol, nor for more than a name. */
function nameInKey(record: MethodRecord): string {
  if (typeof record.name === 'symbol') return nameOfMethod(record);
  return record.name.replaceAll(/[%.@[]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

function explicitKey(key: string | ((...args: never[]) => string)): Maker<string> {
  return maker(key)!;
}

/** A constant, or a method of the instance that makes the value of the arguments. */
function maker<T>(source: T | ((...args: never[]) => T) | undefined): Maker<T> | undefined {
  if (source === undefined) return undefined;
  if (typeof source !== 'function') return () => source;
  const make = source as (...args: unknown[]) => T;
  return (self, args) => make.apply(self, args as unknown[]);
}

function conditionOf(condition: ((...args: never[]) => boolean) | undefined): Maker<boolean> | undefined {
  const make = maker<boolean>(condition);
  return make && ((self, args) => decided(make(self, args), 'condition'));
}

/** What decides cannot be waited for; a Promise would always be true. */
function decided(answer: boolean, option: string): boolean {
  if (!isPromise<boolean>(answer)) return answer;
  answer.catch(() => {});
  throw new CacheOptionsError(`${option} must answer true or false at once, not with a Promise`);
}

/** The arguments that name another method's entry: as made by `args`, or this call's, as many as that method declares. */
function targetArgs(args: ((...args: never[]) => Args) | undefined, self: object, own: Args, arity: number): Args {
  return args === undefined ? own.slice(0, arity) : maker<Args>(args)!(self, own);
}

function argumentTags(own: CacheableOptions['tags'], rules: readonly TagRule[]): Maker<readonly string[]> | undefined {
  const makers = rules.flatMap((rule) =>
    rule.from === 'arguments' ? [maker<string | readonly string[]>(rule.tags)!] : [],
  );
  if (own !== undefined) makers.unshift(maker<string | readonly string[]>(own)!);
  if (makers.length === 0) return undefined;
  return (self, args) => makers.flatMap((make) => make(self, args));
}

/** What the tag rules of a method make of its result. */
export function resultTags(rules: readonly TagRule[]): EntryPlan['resultTags'] {
  const makers = rules.flatMap((rule) => (rule.from === 'result' ? [rule.tags] : []));
  if (makers.length === 0) return undefined;
  return (self, result, args) => makers.flatMap((make) => tagsOf(() => make.call(self, result, ...args), result));
}

/** A function that expects a result and is given none says that there are no tags, by failing. */
function tagsOf(make: () => string | readonly string[], result: unknown): string | readonly string[] {
  try {
    return make();
  } catch (error) {
    if (result === null || result === undefined) return [];
    throw error;
  }
}
