import type { Names } from './names.js';
import type { Head, Slot } from './record.js';
import { stampOf, type Stamps } from './stamps.js';
import type { Trip } from './trip.js';

/** The stamps that an entry is stored with. It is valid as long as all of them are there. */
export type Carried = Pick<Head, 'space' | 'slot' | 'key' | 'tags'>;

/** Stamps for what is being loaded. */
export interface Claim extends Carried {
  /** The slot of what is there meanwhile, and valid. */
  readonly replaces: Slot | undefined;
}

/** A tag that was invalidated. */
export interface Invalidated {
  readonly tag: string;
  /** Whether what carries it may be served stale. */
  readonly stale: boolean;
}

/** Between the two stamps of a tag, as an entry carries them. */
const BETWEEN = '.';
/** Milliseconds that the stamp of a key lives at least: it may be made before the ttl is known. */
const HOUR = 3_600_000;
/** Milliseconds that the stamp of a tag lives at least. */
const MONTH = 30 * 24 * HOUR;

/**
 * What makes entries of one namespace valid, and ends it: stamps of the namespace, of the key and of each tag. Whoever
 * ends the validity of an entry removes or replaces one of them; what was on its way to be stored carries the old one.
 */
export class Validity {
  /** Milliseconds: the longest life of an entry that was seen in this namespace. */
  #longest = 0;

  constructor(
    private readonly names: Names,
    private readonly namespace: string,
    private readonly stamps: Stamps,
  ) {}

  entryName(key: string): string {
    return this.names.of('entry', this.namespace, key);
  }

  /** Under which the stamps are that every entry of this key has to carry: of its namespace, and either of its key. */
  placeNames(key: string): [string, string, string] {
    return [this.spaceName, this.#keyName(key, 0), this.#keyName(key, 1)];
  }

  get spaceName(): string {
    return this.names.of('space', this.namespace);
  }

  /**
   * Stamps for what is being stored. What is there, and all that is being loaded, is not valid any more.
   * @param store stores it with them
   */
  async forWrite(
    trip: Trip,
    key: string,
    tags: readonly string[],
    store: (carried: Carried) => Promise<void>,
  ): Promise<void> {
    const other = this.#keyName(key, 1);
    const [space, pairs] = await Promise.all([this.#ofSpace(trip), this.#ofTags(trip, tags), trip.delete(other)]);
    const own = await this.#renew(trip, key, 0);
    await Promise.all([store({ space, slot: 0, key: own, tags: pairs }), trip.delete(other)]);
  }

  /**
   * Stamps for what is about to be loaded. What is there stays valid until that is stored; whatever else is being
   * loaded is not valid any more.
   * @param there what is there, as far as it is valid
   */
  async forLoad(trip: Trip, key: string, tags: readonly string[], there: Carried | undefined): Promise<Claim> {
    const [space, claim, pairs] = await Promise.all([
      this.#ofSpace(trip),
      this.#claim(trip, key, there),
      this.#ofTags(trip, tags),
    ]);
    return { space, ...claim, tags: pairs };
  }

  /**
   * Ends what was there before, once what was loaded has been stored. Whether that counts: not if somebody has claimed
   * the slot meanwhile, in order to store again what was there.
   */
  async replaced(trip: Trip, key: string, { slot, key: own, replaces }: Claim): Promise<boolean> {
    if (replaces === undefined) return true;
    await trip.delete(this.#keyName(key, replaces));
    return stampOf(await trip.get(this.#keyName(key, slot)))?.id === own;
  }

  /**
   * Stamps with which what is there may be stored again, to live until then; undefined where it is not valid any more.
   * @param until milliseconds of the cache's clock
   */
  async forTouch(trip: Trip, key: string, there: Carried, until: number): Promise<Carried | undefined> {
    const own = stampOf(await trip.get(this.#keyName(key, there.slot)));
    if (own?.id === there.key && own.until >= until) return there;
    const slot = otherSlot(there);
    const renewed = await this.#renew(trip, key, slot);
    return (await this.holds(trip, key, there)) ? { ...there, slot, key: renewed } : undefined;
  }

  /**
   * Ends what is there, and all that is being loaded. Both stamps go twice, so that each of them goes after the other
   * has: what is stored again with one of them, because the other was there, has lost the one it was stored with.
   */
  async end(trip: Trip, key: string): Promise<void> {
    const both = [this.#keyName(key, 0), this.#keyName(key, 1)];
    await trip.deleteAll(both);
    await trip.deleteAll([...both, this.entryName(key)]);
  }

  /** Whether all of them are still there. */
  async holds(trip: Trip, key: string, carried: Carried): Promise<boolean> {
    const [place, tagged] = await Promise.all([trip.getAll(this.placeNames(key)), this.tagsHold(trip, carried.tags)]);
    return tagged && isPlaced(carried, place);
  }

  /** Whether none of the tags was invalidated since its stamps were read. */
  async tagsHold(trip: Trip, tags: Carried['tags']): Promise<boolean> {
    return (await this.invalidated(trip, tags)) === undefined;
  }

  /** The tag that was invalidated since, and whether what carries it may be served stale; one after which it may not first. */
  async invalidated(trip: Trip, tags: Carried['tags']): Promise<Invalidated | undefined> {
    if (tags.length === 0) return undefined;
    const [hard, soft] = await Promise.all([
      this.stamps.read(trip, tags.map(([tag]) => this.#tagName(tag))), // prettier-ignore
      this.stamps.read(trip, tags.map(([tag]) => this.#softName(tag))), // prettier-ignore
    ]);
    const carried = tags.map(([tag, stamps]) => [tag, ...stamps.split(BETWEEN)]);
    const ended = carried.find((parts, index) => parts.length !== 3 || parts[1] !== hard[index]);
    if (ended !== undefined) return { tag: ended[0]!, stale: false };
    const softened = carried.find(([, , stamp], index) => stamp !== soft[index]);
    return softened === undefined ? undefined : { tag: softened[0]!, stale: true };
  }

  /** The stamp that the invalidation of any tag ends. */
  fence(trip: Trip): Promise<string> {
    return this.stamps.ensure(trip, this.names.of('tags'), Infinity);
  }

  /** Whether no tag was invalidated since. */
  async fenceHolds(trip: Trip, fence: string): Promise<boolean> {
    return (await this.stamps.read(trip, [this.names.of('tags')]))[0] === fence;
  }

  /** The stamps of tags that became known during a load; undefined where any tag was invalidated since it began. */
  async forLateTags(trip: Trip, tags: readonly string[], fence: string): Promise<Carried['tags'] | undefined> {
    if (tags.length === 0) return [];
    const pairs = await this.#ofTags(trip, tags);
    return (await this.fenceHolds(trip, fence)) ? pairs : undefined;
  }

  /** Entries are to live so many milliseconds: stamps have to live longer. */
  expect(life: number): void {
    this.#longest = Math.max(this.#longest, life);
  }

  /**
   * A stamp in the slot that what is there does not use. If that is not there any more once the stamp is, somebody else
   * may have claimed the other slot: then the first is taken, and after that the second given up, which ends their claim.
   */
  async #claim(trip: Trip, key: string, there: Carried | undefined): Promise<Omit<Claim, 'space' | 'tags'>> {
    if (there !== undefined) {
      const slot = otherSlot(there);
      const own = await this.#renew(trip, key, slot);
      if (stampOf(await trip.get(this.#keyName(key, there.slot)))?.id === there.key)
        return { slot, key: own, replaces: there.slot };
    }
    const own = await this.#renew(trip, key, 0);
    await trip.delete(this.#keyName(key, 1));
    return { slot: 0, key: own, replaces: undefined };
  }

  #renew(trip: Trip, key: string, slot: Slot): Promise<string> {
    return this.stamps.renew(trip, this.#keyName(key, slot), Math.max(HOUR, 2 * this.#longest));
  }

  #ofSpace(trip: Trip): Promise<string> {
    return this.stamps.ensure(trip, this.spaceName, Infinity);
  }

  #ofTags(trip: Trip, tags: readonly string[]): Promise<[string, string][]> {
    const life = Math.max(MONTH, 2 * this.#longest);
    return Promise.all(
      tags.map(async (tag): Promise<[string, string]> => {
        const both = [this.#tagName(tag), this.#softName(tag)].map((name) => this.stamps.ensure(trip, name, life));
        return [tag, (await Promise.all(both)).join(BETWEEN)];
      }),
    );
  }

  #keyName(key: string, slot: Slot): string {
    return this.names.of('key', this.namespace, key, String(slot));
  }

  #tagName(tag: string): string {
    return this.names.of('tag', tag);
  }

  /** Of the stamp that goes where what is stale may be served. */
  #softName(tag: string): string {
    return this.names.of('soft', tag);
  }
}

/** Whether these are the stamps of its place, as the store has them under {@link Validity.placeNames}. */
export function isPlaced({ space, slot, key }: Carried, texts: readonly unknown[]): boolean {
  return stampOf(texts[0])?.id === space && stampOf(texts[1 + slot])?.id === key;
}

function otherSlot({ slot }: Carried): Slot {
  return slot === 0 ? 1 : 0;
}
