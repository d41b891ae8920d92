import { clusterView, SLOTS } from './cluster-view.js';
import { eventually } from './eventually.js';
import type { RedisServer } from './redis-server.js';

/** Makes a cluster of servers that know nothing of each other; the first ones become its masters. */
export async function formCluster(nodes: readonly RedisServer[], masters: number): Promise<void> {
  await Promise.all(nodes.map((node, at) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)));
  await Promise.all(
    nodes.slice(0, masters).map((node, at) => node.command('CLUSTER', 'ADDSLOTS', ...share(at, masters))),
  );
  await Promise.all(nodes.flatMap((node, at) => nodes.slice(at + 1).map((other) => meet(node, other))));
  await Promise.all(nodes.map((node) => knowsAll(node, nodes.length)));
  await Promise.all(nodes.slice(masters).map((node, at) => replicate(node, nodes[at % masters])));
  await agreed(nodes, masters);
}

/** Resolves when each of them says that the cluster works, and all of them see the same masters. */
export async function agreed(nodes: readonly RedisServer[], masters: number): Promise<void> {
  await eventually('all nodes of the cluster agree', async () => {
    const views = await Promise.all(nodes.map(mastersSeenBy));
    const [first = '', ...others] = views;
    return others.every((view) => view === first) && first.split('\n').length === masters;
  });
  await Promise.all(nodes.map((node) => eventually(`node ${node.port} works`, () => works(node))));
}

function share(at: number, masters: number): readonly number[] {
  const first = Math.floor((at * SLOTS) / masters);
  const end = Math.floor(((at + 1) * SLOTS) / masters);
  return Array.from({ length: end - first }, (_, offset) => first + offset);
}

function meet(node: RedisServer, other: RedisServer): Promise<unknown> {
  return node.command('CLUSTER', 'MEET', other.host, other.port);
}

function knowsAll(node: RedisServer, count: number): Promise<void> {
  return eventually(`node ${node.port} knows all others`, async () => {
    const view = await clusterView(node);
    return view.filter(({ flags }) => !flags.has('handshake')).length === count;
  });
}

async function replicate(node: RedisServer, master: RedisServer | undefined): Promise<void> {
  const id = String(await master?.command('CLUSTER', 'MYID'));
  await node.command('CLUSTER', 'REPLICATE', id);
}

/** Who serves what, and whose replicas there are. */
async function mastersSeenBy(node: RedisServer): Promise<string> {
  const view = await clusterView(node);
  const masters = view.filter(({ slots }) => slots.length > 0);
  const seen = masters.map(({ id, slots }) => {
    const replicas = view.filter(({ masterId }) => masterId === id).map((replica) => replica.id);
    return `${id} ${slots.join(';')} ${replicas.toSorted().join(',')}`;
  });
  return seen.toSorted().join('\n');
}

async function works(node: RedisServer): Promise<boolean> {
  const [info, replication] = await Promise.all([node.command('CLUSTER', 'INFO'), node.command('INFO', 'replication')]);
  const complete = String(info).includes('cluster_state:ok') && String(info).includes(`cluster_slots_ok:${SLOTS}`);
  return complete && !String(replication).includes('master_link_status:down');
}
