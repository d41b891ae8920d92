import { afterEach, beforeEach, describe } from 'vitest';
import { absenceContract } from './store/absence.js';
import { allowStaleContract } from './store/allow-stale.js';
import { atomicContract } from './store/atomic.js';
import { counterContract } from './store/counters.js';
import { entryContract } from './store/entries.js';
import { keyContract } from './store/keys.js';
import { leaseContract } from './store/leases.js';
import { lifetimeContract } from './store/lifetime.js';
import { modelContract } from './store/model.js';
import { StoreRig, type OpenStore } from './store/rig.js';
import { tagContract } from './store/tags.js';
import { voidContract } from './store/voids.js';

/**
 * Everything a store promises, as tests. `open` makes an empty store whose time is `clock`, before every test.
 * The store must have room for some thousand entries: eviction is no part of the contract.
 */
export function describeStore(name: string, open: OpenStore): void {
  describe(`store contract: ${name}`, () => {
    const rig = new StoreRig(open);
    beforeEach(() => rig.begin());
    afterEach(() => rig.end());

    describe('entries', () => entryContract(rig));
    describe('lifetime', () => lifetimeContract(rig));
    describe('atomic operations', () => atomicContract(rig));
    describe('counters', () => counterContract(rig));
    describe('keys and namespaces', () => keyContract(rig));
    describe('tags and clear', () => tagContract(rig));
    describe('tags that are invalidated with allowStale', () => allowStaleContract(rig));
    describe('leases', () => leaseContract(rig));
    describe('what voids a lease', () => voidContract(rig));
    describe('why there is no entry', () => absenceContract(rig));
    describe('as a whole', () => modelContract(rig));
  });
}
