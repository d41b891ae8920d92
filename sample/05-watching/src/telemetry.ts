import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** What Prometheus asks: it is served by the application itself, at `/metrics`. */
export const exporter = new PrometheusExporter({ preventServerStart: true });

/** Before Nest is created: what is measured before there is a provider goes nowhere. */
export function measure(): void {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));
}
