import { createHash, randomBytes } from 'node:crypto';
import type { PendingWrite } from './write-queue.js';

/** How values are kept in Redis. */
export interface ValueBytes {
  encode(value: unknown, id: string): Uint8Array;
  decode(bytes: Uint8Array, id: string): unknown;
}

/** A write as it was found in Redis; `error` where its value cannot be read, which is then undefined. */
export interface FoundWrite {
  readonly write: PendingWrite;
  readonly error?: unknown;
}

interface Body {
  readonly key: string;
  readonly namespace: string;
  readonly located: string;
  readonly tags: readonly string[];
  /** `null`: never. */
  readonly expiresAt: number | null;
  readonly grace: number | null;
  readonly acceptedAt: number;
  /** Base64. */
  readonly value: string;
}

/** What is said of a write of which nothing can be read. */
const UNREADABLE: Omit<PendingWrite, 'id'> = {
  key: '',
  namespace: '',
  located: '',
  value: undefined,
  tags: [],
  expiresAt: 0,
  grace: 0,
  acceptedAt: 0,
};

/** What a key of a namespace is called in Redis and in BullMQ's job ids, whatever is in it. */
export function digestOf({ namespace, located }: Pick<PendingWrite, 'namespace' | 'located'>): string {
  return createHash('sha256').update(`${namespace.length}:${namespace}${located}`).digest('hex').slice(0, 40);
}

/** Names an episode, or an attempt to have a write accepted. */
export function freshName(): string {
  return randomBytes(9).toString('hex');
}

export function bodyOf(write: PendingWrite, { encode }: ValueBytes): string {
  const { key, namespace, located, tags, expiresAt, grace, acceptedAt } = write;
  const body: Body = {
    key,
    namespace,
    located,
    tags,
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
    grace: Number.isFinite(grace) ? grace : null,
    acceptedAt,
    value: Buffer.from(encode(write.value, write.id)).toString('base64'),
  };
  return JSON.stringify(body);
}

export function readBody(id: string, body: string, { decode }: ValueBytes): FoundWrite {
  let write: PendingWrite = { ...UNREADABLE, id };
  try {
    const { value, expiresAt, grace, ...rest } = JSON.parse(body) as Body;
    write = { ...write, ...rest, expiresAt: expiresAt ?? Infinity, grace: grace ?? Infinity };
    return { write: { ...write, value: decode(Buffer.from(value, 'base64'), id) } };
  } catch (error) {
    return { write, error };
  }
}

/** An element of the list of a key: id, tokens and body, a line each. */
export function readElement(element: string, values: ValueBytes): FoundWrite {
  const first = element.indexOf('\n');
  const second = element.indexOf('\n', first + 1);
  return readBody(element.slice(0, first), element.slice(second + 1), values);
}
