export {
  BlossomCacheTestingModule,
  type BlossomCacheTestingOptions,
  type NamedCacheOfTest,
} from './blossom-cache-testing.module.js';
export { checkHistory, type Promises } from './history/check-history.js';
export { machineTime } from './history/common-time.js';
export type { EntryExpectation } from './calls/entry-expectation.js';
export { expectCache, type CacheExpectation, type ProviderSource } from './calls/expect-cache.js';
export { FakeClock } from './time/fake-clock.js';
export type { FarOperation } from './faults/far-operations.js';
export type { Fault, FaultRule } from './faults/fault-plan.js';
export { Faults, type Asked, type FaultsOptions } from './faults/faults.js';
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
} from './history/history.js';
export { inMemory, type InMemoryOptions, type OverridesProviders } from './in-memory.js';
export { Random } from './random.js';
export { Recorder, type NodeOptions } from './history/recorder.js';
export { RecordedCache, type Versioned } from './history/recorded-cache.js';
export { Scheduler } from './time/scheduler.js';
export { settle } from './time/settle.js';
export { SkewedClock, type Skew } from './time/skewed-clock.js';
export { TestCaches, type TestCachesOptions, type TestMode } from './test-caches.js';
export type { BrokenRule, Violation } from './history/violation.js';
