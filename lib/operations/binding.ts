import type { CacheService } from '../cache/cache.service.js';
import type { MethodRecord } from './method-record.js';

/** Runs one call of a decorated method. */
export interface CallRunner {
  run(record: MethodRecord, instance: object, args: unknown[], body: (...args: unknown[]) => unknown): unknown;
}

/** What an instance with decorated methods is given: its cache, and what runs its calls. */
export class CacheBinding {
  constructor(
    readonly runner: CallRunner,
    readonly cache: CacheService,
  ) {}
}

/**
 * The property under which an instance carries the binding to a cache, and the token under which Nest
 * provides it. Where there is none Nest's error prints its text: it says what to do.
 */
export function bindingSlot(cache?: string): symbol {
  const call = cache === undefined ? 'forRoot()' : `forRoot({ name: '${cache}' })`;
  return Symbol.for(`BlossomCacheModule.${call}, which must be in the imports of the root module`);
}

/** The binding an instance carries. */
export function bindingOf(instance: object, slot: symbol): CacheBinding | undefined {
  return (instance as Record<symbol, CacheBinding | undefined>)[slot];
}

/** Makes instances of a prototype accept a binding, out of sight of those who list or compare their properties. */
export function openSlot(prototype: object, slot: symbol): void {
  if (slot in prototype) return;
  Object.defineProperty(prototype, slot, {
    configurable: true,
    get: () => undefined,
    set(this: object, value: unknown) {
      // A testing module may put a mock in the place of anything it has to inject.
      if (value instanceof CacheBinding) bind(this, slot, value);
    },
  });
}

/** Binds an instance; false where it accepts no properties, being frozen. */
export function bind(instance: object, slot: symbol, binding: CacheBinding): boolean {
  return Reflect.defineProperty(instance, slot, { value: binding, configurable: true, writable: true });
}
