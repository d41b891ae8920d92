import { context, metrics, trace, type Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach } from 'vitest';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** One value of a metric. */
export interface Point {
  readonly name: string;
  readonly value: unknown;
  readonly attributes: Attributes;
}

let exporter: InMemorySpanExporter;
let reader: Reader;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  reader = new Reader();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});

afterEach(() => {
  context.disable();
  trace.disable();
  metrics.disable();
});

/** The spans that have ended, in order, and forgets them. */
export function spans(): readonly ReadableSpan[] {
  const ended = exporter.getFinishedSpans();
  exporter.reset();
  return ended;
}

/** Runs this in a span of the test's own. */
export function within<T>(name: string, run: () => Promise<T>): Promise<T> {
  return trace.getTracer('test').startActiveSpan(name, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });
}

/** What a collector gets now. */
export async function collect(): Promise<{ points: readonly Point[]; units: Record<string, string> }> {
  const { resourceMetrics, errors } = await reader.collect();
  if (errors.length > 0) throw new AggregateError(errors);
  const told = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  return {
    points: told.flatMap(({ descriptor: { name }, dataPoints }) => {
      return dataPoints.map(({ value, attributes }) => ({ name, value, attributes }));
    }),
    units: Object.fromEntries(told.map(({ descriptor: { name, unit } }) => [name, unit])),
  };
}

/** All that a span shows to somebody, as one text. */
export function shown(all: readonly ReadableSpan[]): string {
  return JSON.stringify(all.map(({ name, attributes, status, events, links }) => [name, attributes, status, events, links])); // prettier-ignore
}
