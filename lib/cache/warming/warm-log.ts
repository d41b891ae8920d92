import type { CacheLog } from '../../events/cache-log.js';
import { TerminalLine } from '../../events/terminal-line.js';
import type { WarmProgress, WarmReport } from './warm-options.js';

/** What the log is told at most how often, in milliseconds. */
const STEP = 10_000;
const LONGEST = 60_000;

/** Where a warming tells how far it is. */
export type WarmLogger = Pick<CacheLog, 'info' | 'warn'>;

/**
 * Says in the log when a warming begins and ends; of one that takes its time also how far it is, at every tenth, though
 * not within ten seconds, or once a minute. On a terminal a bar says it. No keys, and no words of what failed: they may hold some.
 */
export class WarmLog {
  readonly #line: TerminalLine | undefined;
  #told: { at: number; done: number };

  constructor(
    private readonly log: WarmLogger,
    /** How the lines begin. */
    private readonly title: string,
    private readonly total: number | undefined,
    concurrency: number,
    now: number,
  ) {
    this.#told = { at: now, done: 0 };
    log.info(`${title}: warming ${entries(total)}, ${concurrency} at a time`);
    this.#line = TerminalLine.take();
  }

  step(progress: WarmProgress, now: number): void {
    const { total } = this;
    const { done, failed } = progress;
    const part = total === undefined || total === 0 ? undefined : done / total;
    const percent = part === undefined ? '' : ` (${Math.floor(part * 100)} %)`;
    const far = `${done}${total === undefined ? '' : ` of ${total}`}${percent}${failed > 0 ? `, ${failed} failed` : ''}`;
    if (this.#line !== undefined) return this.#line.draw(part, far);
    if (done === total || !this.#isDue(done, now)) return;
    this.#told = { at: now, done };
    this.log.info(`${this.title}: warming, ${far}`);
  }

  end({ total, loaded, fresh, failed, unstored, errors, stopped, ms }: WarmReport): void {
    this.close();
    const parts = [`${loaded} loaded`, `${fresh} fresh`, `${failed} failed`];
    const kinds = [...new Set(errors.map(({ error }) => kindOf(error)))].slice(0, 5).join(', ');
    const failures = failed > 0 ? ` (${kinds})` : '';
    const lost = unstored > 0 ? `; ${unstored} could not be kept` : '';
    const early = stopped === undefined ? '' : `; stopped by its ${stopped.by} (${kindOf(stopped.reason)})`;
    const line = `${this.title}: warmed ${entries(total)} in ${(ms / 1_000).toFixed(1)} s: ${parts.join(', ')}${failures}${lost}${early}`;
    if (failed > 0 || unstored > 0 || stopped?.by === 'items') this.log.warn(line);
    else this.log.info(line);
  }

  /** Nothing more will be said. */
  close(): void {
    this.#line?.end();
  }

  #isDue(done: number, now: number): boolean {
    const passed = now - this.#told.at;
    if (passed < STEP) return false;
    return this.total === undefined || done - this.#told.done >= this.total / 10 || passed >= LONGEST;
  }
}

function entries(total: number | undefined): string {
  if (total === undefined) return 'entries';
  return total === 1 ? '1 entry' : `${total} entries`;
}

/** The class of an error: its words may hold keys. */
function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}
