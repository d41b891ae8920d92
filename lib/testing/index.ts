export {
  BlossomCacheTestingModule,
  type BlossomCacheTestingOptions,
  type NamedCacheOfTest,
} from './blossom-cache-testing.module.js';
export { checkHistory, type Promises } from './check-history.js';
export { machineTime } from './common-time.js';
export type { EntryExpectation } from './entry-expectation.js';
export { expectCache, type CacheExpectation, type ProviderSource } from './expect-cache.js';
export { FakeClock } from './fake-clock.js';
export type { FarOperation } from './far-operations.js';
export type { Fault, FaultRule } from './fault-plan.js';
export { Faults, type Asked, type FaultsOptions } from './faults.js';
export { Gate } from './gate.js';
export type {
  ChangeRecord,
  ClearRecord,
  CountRecord,
  History,
  HistoryRecord,
  InvalidationRecord,
  LoadRecord,
  ReadRecord,
  RemovalRecord,
  TouchRecord,
  TroubleRecord,
  WriteRecord,
} from './history.js';
export { inMemory, type InMemoryOptions, type OverridesProviders } from './in-memory.js';
export { Random } from './random.js';
export { Recorder, type NodeOptions } from './recorder.js';
export { RecordedCache, type Versioned } from './recorded-cache.js';
export { Scheduler } from './scheduler.js';
export { settle } from './settle.js';
export { SkewedClock, type Skew } from './skewed-clock.js';
export { TestCaches, type TestCachesOptions, type TestMode } from './test-caches.js';
export type { BrokenRule, Violation } from './violation.js';
