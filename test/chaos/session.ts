import type { Entry } from '../../lib/stores/store.js';
import type { Clock } from '../../lib/support/clock.js';
import type { Network } from './network.js';

/** What a backend announces: the names of entries, tags and namespaces that are not what they were. */
export type Announcement = readonly string[];

interface Reading {
  readonly names: readonly string[];
  readonly session: number;
  /** Announcements that had come when it was asked for. */
  readonly heard: number;
}

interface Message {
  deliver(): void;
  lose(): void;
}

/**
 * What a node knows of what it has read. Announcements come in order, and before every answer that was sent after them;
 * answers may overtake each other. When the connection breaks nothing is known any more.
 */
export class Session {
  /** Announcements that have not been heard yet, the first of them having this number. */
  readonly #underWay: Announcement[] = [];
  #first = 0;
  /** Those that are on their way, in the order in which they were sent. */
  readonly #answers: { readonly announced: number; readonly answer: Message }[] = [];
  readonly #changedAt = new Map<string, number>();
  readonly #read = new WeakMap<Entry, Reading>();
  #heard = 0;
  #session = 0;
  /** When that was sent which was answered last, by the clock of the node. */
  #confirmed = -Infinity;

  constructor(
    readonly node: string,
    private readonly clock: Clock,
    private readonly network: Network,
    private readonly maxStaleness: number,
  ) {}

  get heard(): number {
    return this.#heard;
  }

  get current(): number {
    return this.#session;
  }

  /** The connection was lost: what was announced meanwhile was not heard. */
  renew(): void {
    this.#session += 1;
    this.#confirmed = -Infinity;
  }

  /** The connection was lost, and the node does not care: a bug to be found. */
  pretend(): void {
    this.#confirmed = this.clock.now();
  }

  /** Something that was sent at that time over this session was answered. */
  confirm(sent: number, session: number): void {
    if (session === this.#session) this.#confirmed = Math.max(this.#confirmed, sent);
  }

  /** Sends an answer to the node. */
  send(answer: Message): void {
    const arriving = { announced: this.#announced, answer };
    this.#answers.push(arriving);
    this.network.scheduler.after(this.network.latency(), () => {
      this.#deliver(this.network.weather.overtaking ? this.#answers.indexOf(arriving) : 0);
    });
  }

  announce(names: Announcement): void {
    this.#underWay.push(names);
    const announced = this.#announced;
    this.network.scheduler.after(this.network.latency(), () => this.#hearUntil(announced));
  }

  /** Notes what an entry that was read is good for. */
  note(entry: Entry, reading: Reading): void {
    this.#read.set(entry, reading);
  }

  vouches(entry: Entry): boolean {
    const reading = this.#read.get(entry);
    if (reading === undefined || reading.session !== this.#session) return false;
    if (this.clock.now() - this.#confirmed > this.maxStaleness) return false;
    return reading.names.every((name) => (this.#changedAt.get(name) ?? 0) <= reading.heard);
  }

  #deliver(place: number): void {
    const { announced, answer } = this.#answers.splice(place, 1)[0]!;
    this.#hearUntil(announced);
    if (this.#partitioned) answer.lose();
    else answer.deliver();
  }

  /** Announcements made so far. */
  get #announced(): number {
    return this.#first + this.#underWay.length;
  }

  get #partitioned(): boolean {
    return this.network.isPartitioned(this.node);
  }

  /** Those that arrive while the node is kept apart are lost. */
  #hearUntil(announced: number): void {
    for (; this.#first < announced; this.#first += 1) {
      const names = this.#underWay.shift()!;
      if (!this.#partitioned) this.#hear(names);
    }
  }

  #hear(names: Announcement): void {
    this.#heard += 1;
    for (const name of names) this.#changedAt.set(name, this.#heard);
  }
}
