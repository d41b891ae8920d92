import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { CacheRegistry, OpenCache } from '../boot/cache-registry.js';
import { CacheMetrics } from './cache-metrics.js';
import { CacheTracer } from './cache-tracer.js';
import type { OtelApi } from './load-api.js';
import type { ResolvedOtel } from './otel-options.js';

/** How spans and metrics say where they come from. */
const SCOPE = 'nestjs-blossom-cache';

/** Watches all caches of one application, those too that are opened later. */
export class OtelWatcher implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #caches = new Set<OpenCache>();
  readonly #end: () => void;
  #metrics: CacheMetrics | undefined;

  constructor(
    private readonly api: OtelApi,
    private readonly options: ResolvedOtel,
    caches: CacheRegistry,
  ) {
    this.#end = caches.each((cache) => this.#watch(cache));
  }

  /** As late as that is possible: instruments made before the SDK has been started measure nothing. */
  onApplicationBootstrap(): void {
    const { metrics, meterProvider } = this.options;
    if (!metrics) return;
    const meter = (meterProvider ?? this.api.metrics).getMeter(SCOPE);
    this.#metrics = new CacheMetrics(meter, this.#caches);
  }

  onApplicationShutdown(): void {
    this.#end();
    this.#metrics?.close();
    for (const { core } of this.#caches) core.tracing.tracer = undefined;
  }

  #watch(cache: OpenCache): void {
    if (!cache.core.parts.enabled) return;
    this.#caches.add(cache);
    const { traces, tracerProvider, keys, namespaces } = this.options;
    if (!traces) return;
    const tracer = (tracerProvider ?? this.api.trace).getTracer(SCOPE);
    cache.core.tracing.tracer = new CacheTracer(this.api, tracer, cache.core.parts.name, { keys, namespaces });
  }
}
