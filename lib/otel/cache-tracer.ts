import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api';
import type { BackendCall, CallTracer, LoadCall } from '../events/tracing.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { BATCH_SIZE, CACHE_NAME, KEYS, NAMESPACE, OPERATION, TIER } from './attributes.js';
import type { OtelApi } from './load-api.js';

/** What is shown of a call besides what it was. */
export interface Shown {
  readonly keys: boolean;
  readonly namespaces: boolean;
}

/** What semantic conventions call the backends they know. */
const SYSTEMS: Readonly<Record<string, string>> = { redis: 'redis', file: 'sqlite' };

/** Has the loads of one cache, and the calls of its backend, run in spans. */
export class CacheTracer implements CallTracer {
  constructor(
    private readonly api: OtelApi,
    private readonly tracer: Tracer,
    private readonly cache: string,
    private readonly shown: Shown,
  ) {}

  load<T>(call: LoadCall, run: () => Promise<T>): Promise<T> {
    const attributes: Attributes = { ...this.#about(call), [OPERATION]: call.operation };
    if (call.keys.length > 1) attributes[BATCH_SIZE] = call.keys.length;
    return this.#within(`cache.load ${call.operation}`, this.api.SpanKind.INTERNAL, attributes, run) as Promise<T>;
  }

  backend<T>(call: BackendCall, run: () => Awaitable<T>): Awaitable<T> {
    const { place, operation, keys } = call;
    const attributes: Attributes = {
      ...this.#about(call),
      [TIER]: place.name,
      'db.system.name': SYSTEMS[place.name],
      'db.operation.name': operation,
      'db.operation.batch.size': keys.length > 1 ? keys.length : undefined,
      'db.namespace': place.database,
      'server.address': place.address,
      'server.port': place.port,
    };
    const { SpanKind } = this.api;
    const kind = place.name === 'file' ? SpanKind.INTERNAL : SpanKind.CLIENT;
    return this.#within(`cache.${operation} ${place.name}`, kind, attributes, run);
  }

  #about({ namespace, keys }: LoadCall | BackendCall): Attributes {
    const about: Attributes = { [CACHE_NAME]: this.cache };
    if (this.shown.namespaces && namespace !== undefined) about[NAMESPACE] = namespace;
    if (this.shown.keys && keys.length > 0) about[KEYS] = [...keys];
    return about;
  }

  #within<T>(name: string, kind: SpanKind, attributes: Attributes, run: () => Awaitable<T>): Awaitable<T> {
    const { context, trace } = this.api;
    const span = this.tracer.startSpan(name, { kind, attributes });
    let outcome: Awaitable<T>;
    try {
      outcome = context.with(trace.setSpan(context.active(), span), run);
    } catch (error) {
      this.#fail(span, error);
      throw error;
    }
    if (!isPromise(outcome)) {
      span.end();
      return outcome;
    }
    return outcome.then(
      (value) => {
        span.end();
        return value;
      },
      (error: unknown) => {
        this.#fail(span, error);
        throw error;
      },
    );
  }

  /** By the class of what was thrown: its message may hold what nobody asked for. */
  #fail(span: Span, error: unknown): void {
    const type = error instanceof Error ? error.constructor.name || error.name : typeof error;
    span.setAttribute('error.type', type);
    span.setStatus({ code: this.api.SpanStatusCode.ERROR });
    span.end();
  }
}
