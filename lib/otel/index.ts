export { BlossomCacheOtelModule } from './otel.module.js';
export type { OtelOptions } from './otel-options.js';
