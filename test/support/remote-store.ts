import type { Lease, LeaseAnswer, Store, StoreSpace } from '../../lib/stores/store.js';

/** A message on its way: resolves when it arrives. */
export type Hop = (what: string) => Promise<void>;

/**
 * What a process sees of a store that it shares with others across a network: every call travels there, takes
 * effect at once, and its answer travels back.
 */
export function remoteStore(backend: Store, hop: Hop): Store {
  const far =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    async (...args: A): Promise<Awaited<R>> => {
      await hop(`${name} →`);
      const answer = await call(...args);
      await hop(`${name} ←`);
      return answer;
    };
  const lease = (local: Lease): Lease => ({
    holds: far('holds', (tags) => local.holds(tags)),
    commit: far('commit', (draft) => local.commit(draft)),
    yield: far('yield', () => local.yield()),
    release: far('release', () => local.release()),
  });
  const answered = (answer: LeaseAnswer): LeaseAnswer => ('commit' in answer ? lease(answer) : answer);
  const space = (local: StoreSpace): StoreSpace => ({
    read: far('read', (key, now) => local.read(key, now)),
    absence: far('absence', (key, now) => local.absence(key, now)),
    readMany: far('readMany', (keys, now) => local.readMany(keys, now)),
    write: far('write', (key, draft) => local.write(key, draft)),
    writeMany: far('writeMany', (drafts) => local.writeMany(drafts)),
    add: far('add', (key, draft) => local.add(key, draft)),
    swap: far('swap', (key, draft) => local.swap(key, draft)),
    remove: far('remove', (key) => local.remove(key)),
    removeMany: far('removeMany', (keys) => local.removeMany(keys)),
    take: far('take', (key) => local.take(key)),
    increment: far('increment', (key, by, draft) => local.increment(key, by, draft)),
    touch: far('touch', (key, ttl) => local.touch(key, ttl)),
    lease: far('lease', async (key, tags, purpose) => answered(await local.lease(key, tags, purpose))),
    clear: far('clear', () => local.clear()),
  });
  return {
    shared: true,
    reclaims: backend.reclaims,
    space: (namespace) => space(backend.space(namespace)),
    invalidateTags: far('invalidateTags', (tags, allowStale) => backend.invalidateTags(tags, allowStale)),
    measure: () => backend.measure(),
    close: () => {},
  };
}
