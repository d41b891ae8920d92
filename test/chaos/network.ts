import { CacheBackendError } from '../../lib/errors/cache.errors.js';
import type { Scheduler } from '../../lib/testing/time/scheduler.js';

/** How a network behaves. Milliseconds, and probabilities. */
export interface Weather {
  /** Of a message, one way. */
  readonly latency: readonly [min: number, max: number];
  /** That it takes ten times as long. */
  readonly slow: number;
  /** That it is lost. */
  readonly loss: number;
  /** Whether answers to one node come in any order: as over several connections. */
  readonly overtaking: boolean;
}

export const CALM: Weather = { latency: [0, 3], slow: 0, loss: 0, overtaking: false };

/** Hears of everything that does not get through, and for how long. */
export type OnLoss = (node: string, what: string) => void;

/** Between the nodes and their backend: takes time, loses messages, and keeps nodes apart. */
export class Network {
  readonly #partitioned = new Set<string>();

  constructor(
    readonly scheduler: Scheduler,
    public weather: Weather,
    private readonly onLoss: OnLoss,
  ) {}

  partition(node: string): void {
    this.#partitioned.add(node);
  }

  heal(node: string): void {
    this.#partitioned.delete(node);
  }

  isPartitioned(node: string): boolean {
    return this.#partitioned.has(node);
  }

  /** Milliseconds that the next message takes. */
  latency(): number {
    const { latency, slow } = this.weather;
    const { random } = this.scheduler;
    return random.integer(...latency) * (random.chance(slow) ? 10 : 1);
  }

  /** Whether a message between this node and the backend is lost. */
  loses(node: string, what: string): boolean {
    const lost = this.isPartitioned(node) || this.scheduler.random.chance(this.weather.loss);
    if (lost) this.onLoss(node, what);
    return lost;
  }

  /** What a caller gets when a message was lost: it is told at once, or waits in vain first. */
  async failure(operation: string): Promise<CacheBackendError> {
    const timedOut = this.scheduler.random.chance(0.2);
    await this.scheduler.delay(timedOut ? 50 : 1);
    return new CacheBackendError('a message was lost', { operation, timedOut });
  }
}
