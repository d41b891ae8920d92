import type { JobsOptions, Queue } from 'bullmq';
import { within, type BullClient } from './bull.client.js';

/** What the job of BullMQ carries: whose writes it is for. The writes themselves wait beside it. */
export interface JobData {
  /** Digest of the key. */
  readonly key: string;
  readonly episode: string;
}

/** The failed jobs that BullMQ keeps, with the writes that were given up. */
const FAILED_KEPT = 1_000;
const JOB_NAME = 'write';

/** Milliseconds after which a job that is due and was not told to BullMQ is told by anyone: who was to has died. */
const OVERDUE = 5_000;

/** Tells BullMQ of the keys that have writes: one job per key at a time. Telling it twice does nothing. */
export class BullAnnouncer {
  readonly #options: JobsOptions;

  constructor(
    private readonly queue: Queue,
    private readonly client: BullClient,
    /** How often BullMQ tries a job; how long it waits in between, the workers say. */
    attempts: number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#options = {
      attempts: Math.min(attempts, Number.MAX_SAFE_INTEGER),
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: { count: FAILED_KEPT },
    };
  }

  /** Never rejects: what BullMQ could not be told is told by the next {@link sweep}, here or elsewhere. */
  async announce(jobs: readonly JobData[]): Promise<void> {
    if (jobs.length === 0) return;
    try {
      const ids = jobs.map(jobIdOf);
      const added = this.queue.addBulk(
        jobs.map((data, at) => ({ name: JOB_NAME, data, opts: { ...this.#options, jobId: ids[at]! } })),
      );
      await within(added, this.client.deadline(), () => new Error('BullMQ did not take a job on in time'));
      await this.client.run('said', ids);
    } catch (error) {
      this.onError(error);
    }
  }

  /** Tells BullMQ of what has been due for a while. */
  async sweep(age = OVERDUE): Promise<void> {
    try {
      await this.announce((await this.client.run<string[]>('unsaid', [age])).map(dataOf));
    } catch (error) {
      this.onError(error);
    }
  }
}

function jobIdOf({ key, episode }: JobData): string {
  return `${key}-${episode}`;
}

export function dataOf(jobId: string): JobData {
  const [key = '', episode = ''] = jobId.split('-');
  return { key, episode };
}
