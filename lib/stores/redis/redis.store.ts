import type { Codec } from '../../codec/codec.js';
import type { SealerOptions } from '../../codec/sealer.js';
import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import { WeakRegistry } from '../../support/weak-registry.js';
import { LeaseKeeper } from '../lease-keeper.js';
import type { FarStore, StoreSize } from '../store.js';
import { Commands } from './commands.js';
import { keyPrefixOf } from './connection/borrowed.js';
import { findServers } from './connection/find-servers.js';
import { Heartbeat } from './heartbeat.js';
import { LocalStamps } from './local-stamps.js';
import { Names } from './names.js';
import type { HeldLease, RedisBackend } from './redis.backend.js';
import type { RedisStoreOptions } from './redis-options.js';
import { RedisSpace } from './redis.space.js';
import { LOG_ADD, RENEW, SOFTEN } from './scripts.js';
import { HARD_HALF } from './stamp.js';
import { Sweeper } from './sweeper.js';
import { tagHash } from './tag-hash.js';
import { Tracking } from './tracking.js';
import { ID_LENGTH, uniqueId } from './unique-ids.js';

/** What is told to the people who run the cache. */
export interface RedisNotices {
  /** Changes are not announced, for this reason: what is kept near is good for `maxStaleness` alone. */
  untracked(reason: string): void;
}

/** What tests set. */
export interface RedisTimes {
  /** Milliseconds for which a lease outlives a holder that has died. Default: 3000. */
  readonly leaseTime?: number | undefined;
  /** Milliseconds from the clock's time to the server's. Default: measured. */
  readonly offset?: number | undefined;
  /** Milliseconds for which a server keeps an entry beyond its end, for clocks that stand still. Default: 0. */
  readonly slack?: number | undefined;
  /** Milliseconds from a clear or an invalidation to the sweep after it. Default: 5000. */
  readonly sweepDelay?: number | undefined;
}

const LEASE_TIME = 3_000;
/** Others may follow. */
const SWEEP_DELAY = 5_000;

/** Entries on Redis servers, which any number of processes may share. */
export class RedisStore implements FarStore {
  readonly shared = true;
  readonly reclaims = false;
  readonly #backend: RedisBackend;
  readonly #heartbeat: Heartbeat;
  readonly #sweeper: Sweeper;
  readonly #spaces = new WeakRegistry((namespace) => new RedisSpace(this.#backend, namespace));

  /** @throws {CacheOptionsError} where no client library is installed, or the client is of no kind that is known. */
  constructor(
    options: RedisStoreOptions,
    codec: Codec,
    sealer: SealerOptions,
    events: CacheEvents,
    clock: Clock,
    notices: RedisNotices,
    { leaseTime = LEASE_TIME, offset, slack = 0, sweepDelay = SWEEP_DELAY }: RedisTimes = {},
  ) {
    const { place, prefix, version, commandTimeout, maxBytes, near, maxStaleness } = options;
    const tracking = new Tracking(clock);
    let told = false;
    const servers = findServers(place, {
      clock,
      tracking,
      commandTimeout,
      near,
      offset,
      onUntracked: (reason) => {
        if (!told) notices.untracked(reason);
        told = true;
      },
    });
    const commands = new Commands(servers, tracking);
    const stamps = new LocalStamps(commands, clock, maxStaleness);
    const names = new Names(prefix, version, place.kind === 'client' ? keyPrefixOf(place.client) : '');
    const leases = new LeaseKeeper<HeldLease>(leaseTime / 3, async ({ name, token }) => {
      await commands.run(RENEW, [name], [token, String(leaseTime)]);
    });
    const sealed = sealer.keys.length > 0;
    const writes = { current: undefined };
    const endless = { expects: () => this.#sweeper.expects(), wake: () => this.#sweeper.wake() };
    this.#backend = {
      commands, tracking, stamps, leases, writes, endless, names, codec, sealed, events, clock, near, maxStaleness, commandTimeout, maxBytes, leaseTime, slack,
    }; // prettier-ignore
    this.#heartbeat = new Heartbeat(this.#backend);
    this.#sweeper = new Sweeper(this.#backend, sweepDelay);
  }

  space(namespace: string): RedisSpace {
    return this.#spaces.get(namespace);
  }

  /**
   * First it is listed, for those whose loads may learn one of these tags late; then the stamps go, or change in part. What is kept near is told
   * here as well: not every server announces it.
   */
  async invalidateTags(tags: readonly string[], allowStale = false): Promise<void> {
    const { commands, names, tracking } = this.#backend;
    const wanted = [...new Set(tags)];
    if (wanted.length === 0) return;
    await commands.run(
      LOG_ADD,
      [names.log],
      wanted.map((tag) => Buffer.concat([uniqueId(), tagHash(tag)])),
    );
    const stamps = wanted.map((tag) => names.tag(tag));
    const end = (name: string): Promise<unknown> =>
      allowStale
        ? commands.run(SOFTEN, [name], [uniqueId().subarray(0, ID_LENGTH - HARD_HALF)])
        : commands.send(name, ['DEL', name]);
    await Promise.all(stamps.map(end));
    for (const name of stamps) tracking.invalidated(name);
    if (!allowStale) this.#sweeper.wake();
  }

  accepts(value: unknown): void {
    this.#backend.codec.serialise(value);
  }

  /** A server does not know cheaply what is this cache's. */
  measure(): StoreSize {
    return { size: undefined, bytes: undefined };
  }

  close(): void {
    this.#heartbeat.stop();
    this.#sweeper.close();
    this.#backend.leases.close();
    this.#backend.commands.servers.close();
  }
}
