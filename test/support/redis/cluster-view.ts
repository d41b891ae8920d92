import type { RedisServer } from './redis-server.js';

/** A node of a cluster, as another one sees it. */
export interface ClusterMember {
  readonly id: string;
  readonly port: number;
  /** What is said of it, such as `master`, `slave`, `fail`, `handshake`. */
  readonly flags: ReadonlySet<string>;
  /** The id of its master; `-` for a master. */
  readonly masterId: string;
  /** The first and the last slot of each run of slots that it serves. */
  readonly slots: readonly (readonly [number, number])[];
}

/** How many slots a cluster has. */
export const SLOTS = 16_384;

/** All nodes that a node knows, itself included. */
export async function clusterView(of: RedisServer): Promise<readonly ClusterMember[]> {
  const lines = String(await of.command('CLUSTER', 'NODES')).trim();
  return lines.split('\n').map(readMember);
}

/** Whether the member serves the slot. */
export function serves({ slots }: ClusterMember, slot: number): boolean {
  return slots.some(([first, last]) => first <= slot && slot <= last);
}

function readMember(line: string): ClusterMember {
  const [id = '', address = '', flags = '', masterId = '', , , , , ...slots] = line.split(' ');
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: new Set(flags.split(',')),
    masterId,
    slots: slots.filter((run) => !run.startsWith('[')).map(readRun),
  };
}

function readRun(run: string): readonly [number, number] {
  const [first, last = first] = run.split('-').map(Number);
  return [first ?? Number.NaN, last ?? Number.NaN];
}
