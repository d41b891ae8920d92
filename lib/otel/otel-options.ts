import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { assertOptions } from '../cache/arguments.js';
import { CacheOptionsError } from '../errors/cache.errors.js';

/** What is told about the caches of an application, and to whom. */
export interface OtelOptions {
  /** Whether statistics are told as metrics. Default: true. */
  readonly metrics?: boolean | undefined;
  /** Whether loads, and calls of backends, are spans. Default: true. */
  readonly traces?: boolean | undefined;
  /** Whether spans have the keys they are about, as `blossom.cache.keys`. Default: false. */
  readonly keys?: boolean | undefined;
  /** Whether spans have the namespace they are about, as `blossom.cache.namespace`. Default: false. */
  readonly namespaces?: boolean | undefined;
  /** Default: the one that is registered with the API when the application has started. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Default: the one that is registered with the API. */
  readonly tracerProvider?: TracerProvider | undefined;
}

/** {@link OtelOptions}, complete and checked. */
export interface ResolvedOtel {
  readonly metrics: boolean;
  readonly traces: boolean;
  readonly keys: boolean;
  readonly namespaces: boolean;
  readonly meterProvider: MeterProvider | undefined;
  readonly tracerProvider: TracerProvider | undefined;
}

const SWITCHES = { metrics: true, traces: true, keys: false, namespaces: false } as const;
const PROVIDERS = { meterProvider: 'getMeter', tracerProvider: 'getTracer' } as const;

/** @throws {CacheOptionsError} naming the option and what it should be. */
export function resolveOtel(options: OtelOptions): ResolvedOtel {
  if (options === null) throw wrong('options', 'an object such as { traces: false }');
  assertOptions(options, [...Object.keys(SWITCHES), ...Object.keys(PROVIDERS)], 'BlossomCacheOtelModule');
  for (const name of Object.keys(SWITCHES) as (keyof typeof SWITCHES)[]) {
    if (!['undefined', 'boolean'].includes(typeof options[name])) throw wrong(name, 'true or false');
  }
  for (const [name, method] of Object.entries(PROVIDERS) as [keyof typeof PROVIDERS, string][]) {
    const given = options[name] as Record<string, unknown> | null | undefined;
    if (given !== undefined && typeof given?.[method] !== 'function') throw wrong(name, `an object with ${method}()`);
  }
  const { metrics, traces, keys, namespaces } = options;
  return {
    metrics: metrics ?? SWITCHES.metrics,
    traces: traces ?? SWITCHES.traces,
    keys: keys ?? SWITCHES.keys,
    namespaces: namespaces ?? SWITCHES.namespaces,
    meterProvider: options.meterProvider,
    tracerProvider: options.tracerProvider,
  };
}

function wrong(option: string, expected: string): CacheOptionsError {
  return new CacheOptionsError(`BlossomCacheOtelModule: ${option} must be ${expected}`);
}
