import { lifeText, NONE } from './local-stamps.js';
import type { StampedTag, Stamps } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { uniqueId } from './unique-ids.js';

/** How long what carries the stamps may live, in milliseconds. */
export interface Life {
  readonly ttl: number;
  readonly grace: number;
}

/**
 * The stamps that an entry or a lease is to carry, as far as they are known here. One server checks them in the step
 * that stores it; several are asked at the same time, and what was stored is corrected if they say otherwise.
 */
export class BelievedStamps {
  /** Of the namespace, then of each tag. */
  readonly #names: readonly string[];
  /** What is offered next to those who find that there is no stamp. */
  #candidates: readonly Buffer[] | undefined;
  #believed: readonly Buffer[];
  readonly tags: readonly string[];

  constructor(
    private readonly backend: RedisBackend,
    stampName: string,
    tags: readonly string[],
    private readonly life: Life,
  ) {
    const { names, stamps } = backend;
    this.tags = tags.length === 0 ? tags : [...new Set(tags)];
    this.#names = [stampName, ...this.tags.map((tag) => names.tag(tag))];
    const candidates = (this.#candidates = this.#names.map(() => uniqueId()));
    this.#believed = this.#names.map((name, index) => stamps.likely(name) ?? candidates[index]!);
  }

  get stamps(): Stamps {
    const [namespace, ...stamps] = this.#believed;
    return { namespace: namespace!, tags: this.tags.map((tag, index): StampedTag => ({ tag, stamp: stamps[index]! })) };
  }

  /** Milliseconds for which the server is to keep them: longer than needed, so that it need not be told each time. */
  get lifeText(): string {
    return lifeText(2 * (this.life.ttl + this.life.grace));
  }

  /** They were what the server has, and are kept for {@link lifeText}. */
  confirmed(): void {
    const { stamps, commands } = this.backend;
    if (commands.split) return;
    stamps.willLast(this.#names, this.#believed, 2 * (this.life.ttl + this.life.grace)).catch(() => {});
  }

  /** The names of those that the server with the entry can check itself. */
  get names(): readonly string[] {
    return this.backend.commands.split ? [] : this.#names;
  }

  /** For each of {@link names}: the stamp, and one for where there is none, which is another one each time. */
  parameters(): readonly Buffer[] {
    if (this.backend.commands.split) return [];
    const believed = this.#believed;
    const candidates = this.#offer();
    return believed.flatMap((stamp, index) => [stamp, candidates[index]!]);
  }

  /** What the server has instead. */
  correct(actual: readonly Buffer[]): void {
    this.#believed = actual;
    this.backend.stamps.saw(this.#names, actual);
  }

  /** For each of {@link names}: the stamp that has to be there, and none for where there is none. */
  get exactly(): readonly Buffer[] {
    if (this.backend.commands.split) return [];
    return this.#believed.flatMap((believed) => [believed, NONE]);
  }

  /** What an entry is to carry that has these tags, some of which were learned late. */
  forTags(tags: readonly string[], late: BelievedStamps): Stamps {
    const { namespace, tags: early } = this.stamps;
    const all = [...early, ...late.stamps.tags];
    return { namespace, tags: all.filter(({ tag }) => tags.includes(tag)) };
  }

  /** Milliseconds for which the server is to keep them for an entry of this life. */
  lifeFor({ ttl, grace }: Life): string {
    return lifeText(ttl + grace);
  }

  /** Asks servers that cannot check them, where it is not known what they have. */
  async prepare(): Promise<void> {
    const { commands, stamps } = this.backend;
    if (commands.split && this.#names.some((name) => stamps.known(name) === undefined)) await this.ask();
  }

  /** Asks servers that cannot check them. */
  async settle(): Promise<void> {
    if (this.backend.commands.split) await this.ask();
  }

  /** As the servers have them now, or made by them. */
  async ask(): Promise<void> {
    const { stamps } = this.backend;
    const candidates = this.#offer();
    const asked = this.#names.map((name, index) => stamps.demand(name, candidates[index]!, this.lifeText));
    this.#believed = await Promise.all(asked);
  }

  /**
   * Each is offered once. Others may have learned a stamp from the server by the time an invalidation removes it: offered
   * again, it would make valid what that has made void.
   */
  #offer(): readonly Buffer[] {
    const offered = this.#candidates ?? this.#names.map(() => uniqueId());
    this.#candidates = undefined;
    return offered;
  }

  /** Asks the servers that could not check them: whether they are right. They are afterwards. */
  async confirm(): Promise<boolean> {
    if (!this.backend.commands.split) return true;
    const believed = this.#believed;
    await this.ask();
    return this.#believed.every((actual, index) => actual.equals(believed[index]!));
  }

  /** Whether they are what the servers have now, which will have them for as long as an entry of this life needs them. */
  async areCurrent(life: Life = this.life): Promise<boolean> {
    const { stamps } = this.backend;
    const asked = this.#names.map((name) => stamps.demand(name, NONE, this.lifeFor(life)));
    return (await Promise.all(asked)).every((actual, index) => actual.equals(this.#believed[index]!));
  }
}
