import type { WarmReport } from '../cache/warming/warm-options.js';

/** One method with `@CacheWarm` of one instance, at boot. */
export interface WarmupRun {
  /** `Class.method`, or the name it was given. */
  readonly name: string;
  /** Whether the application waits for it. */
  readonly blocking: boolean;
  /**
   * - `running`: not yet through.
   * - `done`: through; what failed of it is in `report`.
   * - `failed`: the method itself failed, or what it returned cannot be warmed; why is in `error`.
   * - `stopped`: the application closed first.
   */
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  /** What its items came to, once it is through. */
  readonly report?: WarmReport | undefined;
  readonly error?: unknown;
}

/**
 * Whether what `@CacheWarm` runs at boot is through, for whoever says that the application is ready. Injectable
 * everywhere in an application with the module.
 */
export class CacheWarmup {
  /** Resolves when all are through, however they ended; it never rejects. */
  readonly ready: Promise<void>;
  private resolve!: () => void;
  private followed: readonly (() => WarmupRun)[] = [];
  private through = false;

  constructor() {
    this.ready = new Promise((resolve) => (this.resolve = resolve));
  }

  /** Whether all are through, however they ended. False until the application has been initialised. */
  get isReady(): boolean {
    return this.through;
  }

  /** What became of each so far, in no order. Errors may name keys. */
  get runs(): readonly WarmupRun[] {
    return this.followed.map((run) => run());
  }

  /** Notes what has begun. @internal */
  follow(runs: readonly (() => WarmupRun)[], all: Promise<unknown>): void {
    this.followed = runs;
    const end = (): void => {
      this.through = true;
      this.resolve();
    };
    all.then(end, end);
  }
}
