import { CacheBackendError } from '../../../errors/cache.errors.js';
import { isPromise, type Awaitable } from '../../../support/awaitable.js';
import type { Address } from '../redis-options.js';
import type { Tracking } from '../tracking.js';
import { KEY_SLOTS, keySlot } from './key-slot.js';
import { Link, type Open } from './link.js';
import { impatiently } from './patience.js';
import type { Reply } from './redis-client.js';
import type { ServerError } from './server-error.js';
import type { Redirection, Servers } from './servers.js';
import type { Session } from './session.js';

/** What a cluster is found by. */
export interface ClusterTerms {
  /** Those that are known from the start. */
  readonly nodes: readonly Address[];
  /** Where nodes are reached that announce other addresses. */
  readonly natMap: Readonly<Record<string, Address>>;
  /** How a session with a node is opened. */
  readonly open: (address: Address) => Open;
  readonly tracking: Tracking;
  /** Milliseconds for which somebody waits for the cluster to be found. */
  readonly patience: number;
}

/** Milliseconds between two looks at which node has what. */
const LOOK_PAUSE = 200;
/** Milliseconds before a command is sent again for a key of several that is just being moved. */
const TRY_AGAIN = 20;

/** Many masters, each with the keys of some slots. */
export class Cluster implements Servers {
  readonly split = true;
  readonly #owners: (string | undefined)[] = Array.from({ length: KEY_SLOTS });
  readonly #links = new Map<string, Link>();
  #looking: Promise<void> | undefined;
  #found = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly terms: ClusterTerms) {
    this.#look();
  }

  session(name: string): Awaitable<Session> {
    const owner = this.#owners[keySlot(name)];
    if (owner !== undefined) return this.#linkTo(owner).session;
    if (this.#looking !== undefined && !this.#found) return this.#soon(name);
    this.#lookSoon();
    throw unknownOwner();
  }

  redirect(name: string, { reply, details }: ServerError, session: Session): Awaitable<Redirection | undefined> {
    if (reply === 'TRYAGAIN') return pause(TRY_AGAIN).then(() => ({ session, asking: false }));
    if (reply === 'CLUSTERDOWN' || reply === 'READONLY') this.#lookSoon();
    if (reply !== 'MOVED' && reply !== 'ASK') return undefined;
    const owner = this.#reachable(details[1] ?? '', this.#addressOf(session));
    if (reply === 'MOVED') {
      this.#owners[keySlot(name)] = owner;
      // Changes of what was read from the owner before are not announced any more.
      this.terms.tracking.forgetAll();
      this.#lookSoon();
    }
    const next = this.#linkTo(owner).session;
    const asking = reply === 'ASK';
    return isPromise(next) ? next.then((there) => ({ session: there, asking })) : { session: next, asking };
  }

  sessions(): readonly Session[] {
    return [...this.#links.values()].map(({ current }) => current).filter((session) => session !== undefined);
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    for (const link of this.#links.values()) link.close();
  }

  /** At the start everybody waits until it is known who has what. */
  async #soon(name: string): Promise<Session> {
    await Promise.race([this.#looking, new Promise<void>((resolve) => impatiently(this.terms.patience, resolve))]);
    const owner = this.#owners[keySlot(name)];
    if (owner === undefined) throw unknownOwner();
    return this.#linkTo(owner).session;
  }

  #linkTo(owner: string): Link {
    let link = this.#links.get(owner);
    if (link === undefined) {
      link = new Link(this.terms.open(parse(owner)), this.terms.patience, () => this.#lookSoon());
      this.#links.set(owner, link);
    }
    return link;
  }

  #lookSoon(): void {
    if (this.#closing.signal.aborted || this.#timer !== undefined || this.#looking !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, LOOK_PAUSE).unref();
  }

  #look(): void {
    if (this.#closing.signal.aborted || this.#looking !== undefined) return;
    this.#looking = this.#askAround().then((found) => {
      this.#looking = undefined;
      if (!found) this.#lookSoon();
    });
  }

  /** Asks those that are connected, then all others that are known, until one answers. Never rejects. */
  async #askAround(): Promise<boolean> {
    const known = [...new Set([...this.#links.keys(), ...this.terms.nodes.map(format)])];
    const connected = (owner: string): boolean => this.#links.get(owner)?.current !== undefined;
    for (const owner of known.toSorted((one, other) => Number(connected(other)) - Number(connected(one)))) {
      try {
        const view = await this.#ask(owner);
        if (!this.#closing.signal.aborted) this.#learn(view, owner);
        return true;
      } catch {
        // The next one may know.
      }
    }
    return false;
  }

  async #ask(owner: string): Promise<Reply> {
    const current = this.#links.get(owner)?.current;
    if (current !== undefined) return current.send(['CLUSTER', 'SLOTS']);
    const session = await this.terms.open(parse(owner))(() => {}, this.#closing.signal);
    try {
      return await session.send(['CLUSTER', 'SLOTS']);
    } finally {
      session.end({ timedOut: false, reason: 'it was asked' });
    }
  }

  #learn(reply: Reply, asked: string): void {
    const ranges = (reply as [number, number, [Reply, number]][]).map(([from, to, [host, port]]) => {
      return { from, to, owner: this.#reachable(`${String(host ?? '')}:${port}`, asked) };
    });
    if (ranges.length === 0) throw new CacheBackendError('the Redis node belongs to no cluster');
    let moved = false;
    for (const { from, to, owner } of ranges) {
      for (let slot = from; slot <= to; slot += 1) {
        moved ||= this.#owners[slot] !== undefined && this.#owners[slot] !== owner;
        this.#owners[slot] = owner;
      }
    }
    this.#found = true;
    if (moved) this.terms.tracking.forgetAll();
    this.#dropOthers(new Set(ranges.map(({ owner }) => owner)));
  }

  #dropOthers(owners: ReadonlySet<string>): void {
    for (const owner of owners) this.#linkTo(owner);
    for (const [owner, link] of this.#links) {
      if (owners.has(owner)) continue;
      this.#links.delete(owner);
      link.close();
    }
  }

  #addressOf(session: Session): string {
    return [...this.#links].find(([, link]) => link.current === session)?.[0] ?? format(this.terms.nodes[0]!);
  }

  /** A node that does not say its host is where the answer came from. */
  #reachable(announced: string, asked: string): string {
    const { host, port } = parse(announced);
    const own = host === '' || host === '?' ? parse(asked).host : host;
    const mapped = this.terms.natMap[`${own}:${port}`];
    return format(mapped ?? { host: own, port });
  }
}

function format({ host, port }: Address): string {
  return `${host}:${port}`;
}

function parse(address: string): Address {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

function unknownOwner(): CacheBackendError {
  return new CacheBackendError('no reachable node of the Redis cluster has that slot');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
