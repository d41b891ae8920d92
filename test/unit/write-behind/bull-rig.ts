import { randomUUID } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { BullQueue, type BullQueueOptions } from '../../../lib/write-behind/bull.queue.js';
import type { PendingWrite, QueueSettings, WriteWorker } from '../../../lib/write-behind/write-queue.js';
import { eventually } from '../../support/redis/eventually.js';
import type { RedisServer } from '../../support/redis/redis-server.js';

export interface Settings
  extends Partial<Omit<BullQueueOptions, 'queue'>>, Partial<QueueSettings>, Partial<WriteWorker> {
  /** What the handler does with a batch. Default: nothing. */
  readonly handle?: (writes: readonly PendingWrite[]) => unknown;
  /** Default: true. */
  readonly started?: boolean;
}

/** As if a process: one queue, and what its worker and its observer were told. */
export interface Node {
  readonly queue: BullQueue;
  readonly batches: (readonly PendingWrite[])[];
  readonly buried: { readonly writes: readonly PendingWrite[]; readonly error: unknown }[];
  readonly settled: string[];
  readonly retried: { readonly writes: number; readonly error: unknown }[];
  readonly errors: unknown[];
  /** Values delivered so far, of one key or of all. */
  values(key?: string): unknown[];
  accept(key: string, value: unknown): Promise<PendingWrite>;
}

/** Several queues over one server. */
export class BullRig {
  readonly name = `writes-${randomUUID()}`;
  readonly #open: BullQueue[] = [];

  constructor(readonly server: RedisServer) {}

  async node({ handle = () => {}, started = true, ...settings }: Settings = {}): Promise<Node> {
    const [batches, buried, settled, retried, errors] = [[], [], [], [], []] as [
      PendingWrite[][],
      Node['buried'],
      string[],
      Node['retried'],
      unknown[],
    ];
    const queue = await BullQueue.open({
      name: this.name,
      settings: { connection: { host: this.server.host, port: this.server.port, retryStrategy: () => 50 } },
      encode: (value) => serialize(value),
      decode: (bytes) => deserialize(bytes) as unknown,
      queue: {
        batchSize: 10,
        delay: 0,
        attempts: 5,
        backoff: 20,
        merge: (_, newer) => newer,
        maxPending: 10_000,
        maxWait: 60_000,
        ...settings,
      },
      observer: {
        accepted: () => {},
        settled: ({ id }) => settled.push(id),
        retrying: (writes, error) => retried.push({ writes, error }),
      },
      lockDuration: 1_000,
      onError: (error) => errors.push(error),
      ...settings,
    });
    this.#open.push(queue);
    const worker: WriteWorker = {
      bury: async (writes, error) => {
        buried.push({ writes, error });
        return true;
      },
      ...settings,
      deliver: async (writes) => {
        await handle(writes);
        batches.push([...writes]);
      },
    };
    if (started) queue.start(worker);
    const values = (key?: string): unknown[] =>
      batches
        .flat()
        .filter((write) => key === undefined || write.key === key)
        .map(({ value }) => value);
    const accept = (key: string, value: unknown): Promise<PendingWrite> => queue.accept(writeOf(key, value));
    return { queue, batches, buried, settled, retried, errors, values, accept };
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((queue) => queue.close()));
  }
}

export function writeOf(key: string, value: unknown): PendingWrite {
  return {
    id: randomUUID(),
    key,
    namespace: 'users',
    located: `tenant|${key}`,
    value,
    tags: ['a'],
    expiresAt: Infinity,
    grace: 0,
    acceptedAt: Date.now(),
  };
}

/** Something that is held up until it is let go. */
export class Hold {
  #release!: () => void;
  readonly free = new Promise<void>((resolve) => (this.#release = resolve));
  release(): void {
    this.#release();
  }
}

/** Resolves when the nodes have nothing left. */
export async function drained(node: Node): Promise<void> {
  await eventually('nothing waits', async () => (await node.queue.measure()).depth === 0);
}
