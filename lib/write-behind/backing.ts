import type { Awaitable } from '../support/awaitable.js';
import type { QueueSettings, WriteObserver, WriteQueue } from './write-queue.js';

/** What a queue is opened with. */
export interface QueueParts {
  readonly name: string;
  readonly settings: QueueSettings;
  readonly observer: WriteObserver;
}

/** `ModuleRef`, or whatever else finds a provider by its token. */
export interface ProviderLookup {
  get(token: string, options: { strict: false }): unknown;
}

/** Where the queues of one cache keep what they have accepted. */
export interface Backing {
  /** Whether it outlives the process. */
  readonly lasts: boolean;
  /** @throws {CacheOptionsError} where a library or a setting is missing */
  open(queue: QueueParts, providers: ProviderLookup): Awaitable<WriteQueue>;
  /** All queues have been opened: they are given what earlier runs left behind. */
  resume(): Awaitable<void>;
  /** After its queues. */
  close(): Awaitable<void>;
}
