import type { ConnectionOptions } from 'bullmq';

/** The connections of a queue, made from what the application gave BullMQ. */
export interface OpenConnection {
  /** A command is sent once, while connected, or fails: so that nothing is taken on after its caller was refused. */
  readonly once: ConnectionOptions;
  /** Commands wait until Redis is back. */
  readonly steady: ConnectionOptions;
  /** Ends those that were opened here. */
  close(): void;
}

/** Of an instance of ioredis for one server. */
interface OneServer {
  readonly isCluster?: boolean;
  defineCommand(...args: unknown[]): unknown;
  duplicate(options: object): OneServer;
  on(event: 'error', listener: () => void): unknown;
  disconnect(): void;
}

interface Closable {
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

const ONCE = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false };
const STEADY = { enableOfflineQueue: true, maxRetriesPerRequest: null };

/** Instances of other libraries, and of clusters, are used as they are. */
export function openConnection(given: ConnectionOptions): OpenConnection {
  if (isOneServer(given)) {
    const copies = [given.duplicate({ ...ONCE, maxRetriesPerRequest: null }), given.duplicate(STEADY)];
    // Whoever uses them listens as long as they are in use; a client that nobody listens to writes to the console.
    for (const copy of copies) copy.on('error', () => {});
    const close = (): void => copies.forEach((copy) => copy.disconnect());
    return { once: copies[0] as ConnectionOptions, steady: copies[1] as ConnectionOptions, close };
  }
  if ('connect' in given) return { once: given, steady: given, close: () => {} };
  return { once: { ...given, ...ONCE }, steady: { ...given, ...STEADY }, close: () => {} };
}

/** Closes a part of BullMQ, by cutting its connections where it does not close by itself in time. Never rejects. */
export async function closeWithin(part: Closable, ms: number): Promise<void> {
  const closed = part.close().then(
    () => true,
    () => false,
  );
  if (await soon(closed, ms)) return;
  await soon(
    part.disconnect().then(
      () => closed,
      () => false,
    ),
    ms,
  );
}

async function soon(promise: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isOneServer(given: object): given is OneServer {
  return (
    'defineCommand' in given &&
    'duplicate' in given &&
    !('runCommand' in given) &&
    !('isCluster' in given && given.isCluster === true)
  );
}
