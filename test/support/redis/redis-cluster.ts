import { clusterView, serves, type ClusterMember } from './cluster-view.js';
import { eventually } from './eventually.js';
import { agreed, formCluster } from './form-cluster.js';
import { RedisConnection } from './redis-connection.js';
import { RedisServer } from './redis-server.js';
import { RedisReplyError, type RedisArgument } from './resp.js';
import { announceMove, carryKeys, settleMove, type SlotMove } from './slot-move.js';

/** How a cluster is to be. */
export interface RedisClusterOptions {
  /** Default: 3. */
  readonly masters?: number;
  /** Default: 1. */
  readonly replicasPerMaster?: number;
  /** Of every node. */
  readonly password?: string;
  /** Milliseconds after which a silent node is taken for dead. Default: 1000. */
  readonly nodeTimeout?: number;
  /** What else every `redis-server` is given. */
  readonly args?: readonly string[];
}

/** How often a command is sent on to another node. */
const HOPS = 8;

/** A real cluster: one process for each node. */
export class RedisCluster {
  /** In the order they were started; the first ones began as masters. */
  readonly nodes: readonly RedisServer[];
  readonly #masters: number;
  #move: SlotMove | undefined;

  private constructor(nodes: readonly RedisServer[], masters: number) {
    this.nodes = nodes;
    this.#masters = masters;
  }

  /** Resolves when every node says that the cluster works and knows who serves what. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { masters = 3, replicasPerMaster = 1 } = options;
    const starting = Array.from({ length: masters * (1 + replicasPerMaster) }, () => startNode(options));
    const started = (await Promise.allSettled(starting)).filter((node) => node.status === 'fulfilled');
    const cluster = new RedisCluster(
      started.map(({ value }) => value),
      masters,
    );
    try {
      await Promise.all(starting);
      await formCluster(cluster.nodes, masters);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Who serves slots now, in the order of these. */
  async masters(): Promise<readonly RedisServer[]> {
    return (await this.#masterMembers()).map(({ port }) => this.#at(port));
  }

  /** The replicas that this master has now. */
  async replicasOf(master: RedisServer): Promise<readonly RedisServer[]> {
    const view = await this.#view();
    const id = view.find(({ port }) => port === master.port)?.id;
    return view.filter(({ masterId }) => masterId === id).map(({ port }) => this.#at(port));
  }

  /** The slot of a key. */
  async slotOf(key: string | Buffer): Promise<number> {
    return Number(await this.#responsive().command('CLUSTER', 'KEYSLOT', key));
  }

  /** The master that serves a key, or a slot where it is a number. */
  async nodeFor(key: string | Buffer | number): Promise<RedisServer> {
    const slot = typeof key === 'number' ? key : await this.slotOf(key);
    const master = (await this.#masterMembers()).find((member) => serves(member, slot));
    if (master === undefined) throw new Error(`No node serves slot ${slot}`);
    return this.#at(master.port);
  }

  /**
   * The reply to a command, wherever the key lives: goes where nodes send it on to.
   *
   * @param args the whole command, key included
   */
  async command(key: string | Buffer, ...args: readonly RedisArgument[]): Promise<unknown> {
    let ask = (): Promise<unknown> => this.nodeFor(key).then((node) => node.command(...args));
    for (let hops = 0; hops < HOPS; hops += 1) {
      try {
        return await ask();
      } catch (error) {
        const [, kind, port] = /^(MOVED|ASK) \d+ \S*:(\d+)$/.exec((error as Error).message) ?? [];
        if (!(error instanceof RedisReplyError) || kind === undefined) throw error;
        const node = this.#at(Number(port));
        ask = () => (kind === 'ASK' ? asking(node, args) : node.command(...args));
      }
    }
    throw new Error(`The nodes of the cluster sent ${String(args[0])} to each other ${HOPS} times`);
  }

  /** Moves a slot with its keys to another master; resolves when all nodes know. */
  async moveSlot(slot: number, to: RedisServer): Promise<void> {
    await this.beginMove(slot, to);
    await this.finishMove();
  }

  /** Halfway: its master answers for keys that it still has, and with ASK for others. One move at a time. */
  async beginMove(slot: number, to: RedisServer): Promise<void> {
    if (this.#move !== undefined) throw new Error(`Slot ${this.#move.slot} is still on its way`);
    this.#move = { slot, from: await this.nodeFor(slot), to };
    await announceMove(this.#move);
  }

  /** Moves the keys that the slot under way has now, and leaves the slot where it is: ASK is the answer for all. */
  async moveKeys(): Promise<void> {
    await carryKeys(this.#moving());
  }

  /** Moves what keys are left, and then the slot; resolves when all nodes know. */
  async finishMove(): Promise<void> {
    const move = this.#moving();
    await carryKeys(move);
    await settleMove(move, await this.masters());
    this.#move = undefined;
    await agreed(this.#allResponsive(), this.#masters);
  }

  /**
   * Lets a replica take over from its master, who agrees to it if it can be asked; resolves when all nodes know.
   *
   * @param masterIndex in `masters()`; the new one has the same index
   */
  async failover(masterIndex: number): Promise<void> {
    const master = (await this.masters())[masterIndex];
    if (master === undefined) throw new Error(`There is no master ${masterIndex}`);
    const replica = (await this.replicasOf(master)).find(({ responsive }) => responsive);
    if (replica === undefined) throw new Error(`Master ${masterIndex} has no replica that could take over`);
    await replica.command('CLUSTER', 'FAILOVER', ...(master.responsive ? [] : ['FORCE']));
    await eventually('the replica has taken over', async () => {
      return (await Promise.all(this.#allResponsive().map(servingPorts))).every((ports) => ports.has(replica.port));
    });
    await agreed(this.#allResponsive(), this.#masters);
  }

  /** Ends all nodes. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #masterMembers(): Promise<readonly ClusterMember[]> {
    const serving = (await this.#view()).filter(({ slots }) => slots.length > 0);
    return serving.toSorted((a, b) => firstSlot(a) - firstSlot(b));
  }

  #view(): Promise<readonly ClusterMember[]> {
    return clusterView(this.#responsive());
  }

  #moving(): SlotMove {
    if (this.#move === undefined) throw new Error('No slot is on its way');
    return this.#move;
  }

  #responsive(): RedisServer {
    const [node] = this.#allResponsive();
    if (node === undefined) throw new Error('No node of the cluster runs');
    return node;
  }

  #allResponsive(): readonly RedisServer[] {
    return this.nodes.filter(({ responsive }) => responsive);
  }

  #at(port: number): RedisServer {
    const node = this.nodes.find((node) => node.port === port);
    if (node === undefined) throw new Error(`Port ${port} is not one of the cluster's`);
    return node;
  }
}

function startNode({ password, nodeTimeout = 1000, args = [] }: RedisClusterOptions): Promise<RedisServer> {
  const access = password === undefined ? {} : { password };
  const settings = password === undefined ? [] : [`masterauth ${JSON.stringify(password)}`];
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeout)];
  return RedisServer.start({ ...access, settings, args: [...cluster, '--repl-diskless-sync-delay', '0', ...args] });
}

function firstSlot({ slots }: ClusterMember): number {
  return Math.min(...slots.map(([first]) => first));
}

async function servingPorts(node: RedisServer): Promise<ReadonlySet<number>> {
  return new Set((await clusterView(node)).filter(({ slots }) => slots.length > 0).map(({ port }) => port));
}

async function asking(node: RedisServer, args: readonly RedisArgument[]): Promise<unknown> {
  const connection = await RedisConnection.open(node);
  try {
    await connection.command('ASKING');
    return await connection.command(...args);
  } finally {
    connection.close();
  }
}
