import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlossomCacheOptions } from '../../../lib/index.js';
import { checkHistory } from '../../../lib/testing/history/check-history.js';
import { machineTime } from '../../../lib/testing/history/common-time.js';
import type { History, HistoryRecord, TroubleRecord } from '../../../lib/testing/history/history.js';
import type { Violation } from '../../../lib/testing/history/violation.js';
import type { Random } from '../../../lib/testing/random.js';
import { Child } from '../../support/child-process.js';
import { wholeLines } from '../../support/whole-lines.js';

/** What is done to a fleet now and then; resolves when it is over. */
export interface Disturbance {
  /** Whether everything that was stored may be lost by it. */
  readonly loses?: boolean;
  do(fleet: RealFleet): Promise<unknown>;
}

/** A fleet of processes over one backend, and what is done to it. */
export interface Story {
  /** The options of each node. */
  readonly nodes: readonly BlossomCacheOptions[];
  readonly disturbances: Readonly<Record<string, Disturbance>>;
  readonly random: Random;
  readonly ms: number;
  /** Milliseconds from one disturbance to the next, on average. */
  readonly every: number;
  /** Milliseconds after which what one node has changed is known to the others. */
  readonly maxStaleness: number;
  /** The same where a connection is lost or frozen. */
  readonly lost: number;
  /** A directory for the journals. */
  readonly directory: string;
}

/** What came of it. */
export interface Outcome {
  readonly records: number;
  readonly disturbances: Readonly<Record<string, number>>;
  /** Milliseconds for which a node was kept from running at most. */
  readonly stall: number;
  readonly wrong: readonly string[];
}

interface Line {
  readonly index?: number;
  readonly record?: HistoryRecord;
  readonly stall?: number;
}

/** Milliseconds of a story whose nodes take their time, so that what they did can still be read. */
const LONG = 30_000;
/** Milliseconds by which clocks may differ, of which one is read now and then only. */
const OVERRUN = 150;

interface Node {
  readonly options: BlossomCacheOptions;
  incarnation: number;
  child: Child;
}

export class RealFleet {
  readonly #nodes: Node[] = [];
  readonly #journals: string[] = [];
  readonly #troubles: TroubleRecord[] = [];

  constructor(private readonly story: Story) {}

  get random(): Random {
    return this.story.random;
  }

  async run(): Promise<Outcome> {
    const { nodes, ms } = this.story;
    this.#nodes.push(...(await Promise.all(nodes.map((options, place) => this.#start(options, 0, place)))));
    const disturbances = await this.#disturb(machineTime() + ms);
    const said = await Promise.all(this.#nodes.map(({ child }) => child.ask<{ unexpected: string[] }>('stop')));
    await Promise.all(this.#nodes.map(({ child }) => child.kill()));
    const { history, stall } = this.#read();
    const violations = judge(history, this.story, stall);
    return {
      records: history.length,
      disturbances,
      stall: Math.round(stall),
      wrong: [...violations.map(({ message }) => message), ...said.flatMap(({ unexpected }) => unexpected)],
    };
  }

  /** `kill -9` of a node, in the place of which another one starts. */
  async killOne(): Promise<void> {
    const node = this.random.pick(this.#nodes);
    await node.child.kill();
    Object.assign(node, await this.#start(node.options, node.incarnation + 1, this.#nodes.indexOf(node)));
  }

  /** A node stands still for so many milliseconds at most. */
  async freezeOne(most: number): Promise<void> {
    const { child } = this.random.pick(this.#nodes);
    child.signal('SIGSTOP');
    await sleep(this.random.integer(1, most));
    child.signal('SIGCONT');
  }

  async #start(options: BlossomCacheOptions, incarnation: number, place: number): Promise<Node> {
    const name = `${'abc'[place]}${incarnation}`;
    const journal = join(this.story.directory, `${name}.jsonl`);
    this.#journals.push(journal);
    const seed = this.random.integer(1, 1_000_000);
    const pause = this.story.ms > LONG ? 60 : 4;
    const child = new Child('../../chaos/real/child/node.mjs', { name, seed, options, journal, pause });
    return { options, incarnation, child: await child.ready() };
  }

  async #disturb(end: number): Promise<Record<string, number>> {
    const { disturbances, every } = this.story;
    const counts: Record<string, number> = {};
    for (;;) {
      await sleep(this.random.integer(0, 2 * every));
      if (machineTime() > end) return counts;
      const name = this.random.pick(Object.keys(disturbances));
      const { loses = false, do: disturb } = disturbances[name]!;
      const begin = machineTime();
      await disturb(this);
      this.#troubles.push({ do: 'trouble', node: '*', what: name, loses, begin, end: machineTime() + 1_500 });
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }

  #read(): { history: History; stall: number } {
    const records: HistoryRecord[] = [...this.#troubles];
    let stall = 0;
    for (const journal of this.#journals) {
      const last = new Map<number, HistoryRecord>();
      for (const line of wholeLines(journal)) {
        const { index, record, stall: late = 0 } = JSON.parse(line) as Line;
        if (index !== undefined) last.set(index, record!);
        stall = Math.max(stall, late);
      }
      records.push(...last.values());
    }
    return { history: records, stall };
  }
}

/** What is wrong; with a node that had trouble at the time only what a lost connection does not excuse. */
function judge(history: History, { maxStaleness, lost }: Story, stall: number): readonly Violation[] {
  const overrun = OVERRUN + stall;
  const allowed = (span: number): number => (span === 0 ? 0 : span + stall);
  const found = checkHistory(history, { maxStaleness: allowed(maxStaleness), overrun });
  if (lost === maxStaleness) return found;
  const inexcusable = new Set(
    checkHistory(history, { maxStaleness: allowed(lost), overrun }).map(({ message }) => message),
  );
  const troubles = history.filter((record) => record.do === 'trouble');
  const isTroubled = ({ records: [first] }: Violation): boolean =>
    troubles.some(({ node, begin, end }) => {
      const concerned = node === first!.node || node === '*';
      return concerned && begin < (first!.end ?? Infinity) && (end ?? Infinity) > first!.begin;
    });
  return found.filter((violation) => !isTroubled(violation) || inexcusable.has(violation.message));
}
