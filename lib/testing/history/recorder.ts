import type { CacheService } from '../../cache/cache.service.js';
import { CommonTime } from './common-time.js';
import type { History, HistoryRecord, TroubleRecord } from './history.js';
import { RecordedCache } from './recorded-cache.js';
import { RecordedNode } from './recorded-node.js';

/** How a {@link Recorder} finds out what it cannot see. */
export interface NodeOptions {
  /**
   * Whether the backend has been told of every change that this node has made. Default: whether the cache has had no
   * `outage` without a `recovery`.
   */
  readonly delivered?: () => boolean;
}

/**
 * Writes down what caches are asked and answer, for {@link checkHistory}. One recorder takes as many nodes as there are in
 * this process; histories of several processes of one machine are put together by concatenation.
 *
 * ```ts
 * const recorder = new Recorder();
 * const [a, b] = [recorder.watch('a', cacheOfA), recorder.watch('b', cacheOfB)];
 * await a.getOrSet('k', load, { tags: ['t'] });
 * expect(checkHistory(recorder.history)).toEqual([]);
 * ```
 */
export class Recorder {
  readonly #records: HistoryRecord[] = [];
  readonly #time: CommonTime;
  readonly #nodes = new Map<string, RecordedNode>();

  /**
   * @param now milliseconds by a clock that all nodes share. Default: the monotonic one of this machine.
   * @param onValue called when a load has come to a value, before anybody can be given it: for who keeps a journal
   * that has to survive the process. Default: nobody.
   */
  constructor(
    now?: () => number,
    private readonly onValue: () => void = () => {},
  ) {
    this.#time = new CommonTime(now);
  }

  /** What happened so far. What is under way is not in it. */
  get history(): History {
    for (const node of this.#nodes.values()) node.look();
    return this.#records;
  }

  /** The cache, with all that is asked of it by way of the answer written down. */
  watch(node: string, cache: CacheService, options: NodeOptions = {}): RecordedCache {
    const recorded = this.#nodes.get(node) ?? this.#begin(node, cache, options);
    return new RecordedCache(recorded, cache);
  }

  /** Notes that something is wrong, with one node or with all (`'*'`), until what is returned is called. */
  trouble(node: string, what: string, { loses = false } = {}): () => void {
    const record: Mutable<TroubleRecord> = { do: 'trouble', node, what, loses, begin: this.#time.next(), end: null };
    this.#records.push(record);
    return () => void (record.end ??= this.#time.next());
  }

  #begin(name: string, cache: CacheService, { delivered }: NodeOptions): RecordedNode {
    const node = new RecordedNode(name, this.#time, (record) => this.#records.push(record), this.onValue, delivered);
    let over: (() => void) | undefined;
    cache.events.on('outage', ({ reason }) => {
      over = this.trouble(name, reason);
      node.down = true;
    });
    cache.events.on('recovery', () => {
      over?.();
      node.down = false;
      node.look();
    });
    this.#nodes.set(name, node);
    return node;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
