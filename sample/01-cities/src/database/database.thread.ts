import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Question {
  id: number;
  sql: string;
  parameters: unknown[];
}

export type Answer = { id: number; rows: unknown[] } | { id: number; error: string };

/**
 * PostgreSQL on a thread of its own: PGlite computes without a pause until a query is done, and on the app's thread no
 * request would even be read meanwhile.
 */
export class DatabaseThread {
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown[]>>();
  private lastId = 0;

  private constructor(private readonly worker: Worker) {
    worker.on('message', (answer: Answer) => this.settle(answer));
  }

  /** Opens the database in `folder`; makes it first, if it is not there. */
  static async start(folder: string): Promise<DatabaseThread> {
    const worker = new Worker(new URL('./database.worker.js', import.meta.url), { workerData: folder });
    await once(worker, 'message');
    return new DatabaseThread(worker);
  }

  query(sql: string, parameters: unknown[]): Promise<unknown[]> {
    const id = ++this.lastId;
    const answer = Promise.withResolvers<unknown[]>();
    this.waiting.set(id, answer);
    this.worker.postMessage({ id, sql, parameters } satisfies Question);
    return answer.promise;
  }

  async close(): Promise<void> {
    const closed = once(this.worker, 'exit');
    this.worker.postMessage('close');
    await closed;
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ('rows' in answer) waiting?.resolve(answer.rows);
    else waiting?.reject(new Error(answer.error));
  }
}
