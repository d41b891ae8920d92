import { eventually } from './eventually.js';
import { RedisServer } from './redis-server.js';

/** How a master, its replica and their sentinels are to be. */
export interface RedisSentinelsOptions {
  /** Of the master and its replica. */
  readonly password?: string;
  /** Of the sentinels. */
  readonly sentinelPassword?: string;
  /** Milliseconds after which a silent server is taken for dead. Default: 500. */
  readonly downAfter?: number;
}

const SENTINELS = 3;
const QUORUM = 2;
/** Milliseconds after which a failover that stands still is given up. */
const FAILOVER_TIMEOUT = 3000;
/** Milliseconds that a failover may take, where sentinels have to vote twice. */
const PATIENCE = 15_000;
/**
 * How often sentinels look and tell each other, in milliseconds. They derive more from it, and all of it has to be
 * longer than the second in which they ask for INFO while a failover goes on: five times the ping period what they know
 * of a replica is good for, and four times the publish period a replica may be a master that nobody has told them of,
 * before they undo what they take for a mistake.
 */
const HASTE = ['info-period', 300, 'ping-period', 400, 'publish-period', 600];

/** A real master, a replica and three sentinels that watch them. */
export class RedisSentinels {
  /** What the sentinels call the master. */
  readonly name = 'blossom';
  /** The first one began as the master. */
  readonly nodes: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.nodes = nodes;
    this.sentinels = sentinels;
  }

  /** Resolves when the sentinels know each other and the replica, so that a failover is possible. */
  static async start(options: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
    const started: RedisServer[] = [];
    const keep = async (starting: Promise<RedisServer>): Promise<RedisServer> => {
      const server = await starting;
      started.push(server);
      return server;
    };
    try {
      const master = await keep(startNode(options));
      const replica = keep(startNode(options, master));
      const watching = Array.from({ length: SENTINELS }, () => keep(startSentinel(options, master)));
      await Promise.allSettled([replica, ...watching]);
      const all = new RedisSentinels([master, await replica], await Promise.all(watching));
      await all.settled();
      return all;
    } catch (error) {
      await Promise.all(started.map((server) => server.stop()));
      throw error;
    }
  }

  /** The master that a sentinel announces now. */
  async master(): Promise<RedisServer> {
    const port = await this.#announcedBy(this.#anyRunning());
    const master = this.nodes.find((node) => node.port === port);
    if (master === undefined) throw new Error(`Port ${port} is not one of theirs`);
    return master;
  }

  /** Resolves when a failover is possible, which it is not while the former master still becomes a replica. */
  async settled(): Promise<void> {
    const known = { flags: 'master', 'num-slaves': String(this.nodes.length - 1), 'num-other-sentinels': '2' };
    const linked = { flags: 'slave', 'master-link-status': 'ok' };
    await eventually('the sentinels know each other and the replica', async () => {
      const seen = await Promise.all(this.#running().map((sentinel) => this.#seenBy(sentinel)));
      return seen.every(({ master, replica }) => includes(master, known) && includes(replica, linked));
    });
  }

  /** Lets the replica take over; resolves with it when all sentinels that run announce it and it is one. */
  async failover(): Promise<RedisServer> {
    await this.settled();
    const former = await this.master();
    await eventually('a failover is possible', () => this.#begin());
    return this.masterAfter(former);
  }

  /** Resolves with the new master when all sentinels that run announce another one than this, and it is one. */
  async masterAfter(former: RedisServer): Promise<RedisServer> {
    await eventually(
      'another master is announced',
      async () => {
        const ports = new Set(await Promise.all(this.#running().map((sentinel) => this.#announcedBy(sentinel))));
        if (ports.size !== 1 || ports.has(former.port)) return false;
        const [role] = (await (await this.master()).command('ROLE')) as string[];
        return role === 'master';
      },
      PATIENCE,
    );
    return this.master();
  }

  /** Ends all of them. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((server) => server.stop()));
  }

  async #begin(): Promise<boolean> {
    return (await this.#anyRunning().command('SENTINEL', 'FAILOVER', this.name)) === 'OK';
  }

  #running(): readonly RedisServer[] {
    return this.sentinels.filter(({ responsive }) => responsive);
  }

  #anyRunning(): RedisServer {
    const [sentinel] = this.#running();
    if (sentinel === undefined) throw new Error('No sentinel runs');
    return sentinel;
  }

  async #announcedBy(sentinel: RedisServer): Promise<number> {
    const [, port] = (await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as string[];
    return Number(port);
  }

  async #seenBy(sentinel: RedisServer): Promise<{ master: Facts; replica: Facts }> {
    const master = (await sentinel.command('SENTINEL', 'MASTER', this.name)) as string[];
    const [replica = []] = (await sentinel.command('SENTINEL', 'REPLICAS', this.name)) as string[][];
    return { master: readFacts(master), replica: readFacts(replica) };
  }
}

type Facts = Readonly<Record<string, string>>;

function readFacts(flat: readonly string[]): Facts {
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}

function includes(facts: Facts, wanted: Facts): boolean {
  return Object.entries(wanted).every(([name, value]) => facts[name] === value);
}

function startNode({ password }: RedisSentinelsOptions, master?: RedisServer): Promise<RedisServer> {
  const access = password === undefined ? [] : [`masterauth ${JSON.stringify(password)}`];
  const replication = master === undefined ? [] : [`replicaof ${master.host} ${master.port}`];
  const settings = ['repl-diskless-sync-delay 0', ...access, ...replication];
  return RedisServer.start({ settings, ...(password === undefined ? {} : { password }) });
}

async function startSentinel(options: RedisSentinelsOptions, master: RedisServer): Promise<RedisServer> {
  const { password, sentinelPassword, downAfter = 500 } = options;
  const settings = [
    `sentinel monitor blossom ${master.host} ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds blossom ${downAfter}`,
    `sentinel failover-timeout blossom ${FAILOVER_TIMEOUT}`,
    ...(password === undefined ? [] : [`sentinel auth-pass blossom ${JSON.stringify(password)}`]),
    ...(sentinelPassword === undefined ? [] : [`sentinel sentinel-pass ${JSON.stringify(sentinelPassword)}`]),
  ];
  const access = sentinelPassword === undefined ? {} : { password: sentinelPassword };
  const sentinel = await RedisServer.start({ settings, ...access, args: ['--sentinel'] });
  await sentinel.command('SENTINEL', 'DEBUG', ...HASTE);
  return sentinel;
}
