import type { Codec } from '../codec/codec.js';
import type { Clock } from '../support/clock.js';
import type { Backing, ProviderLookup, QueueParts } from './backing.js';
import { BullQueue } from './bull.queue.js';
import { bullSettings } from './bull.settings.js';

/** What queues over BullMQ have in common. */
export interface BullBackingOptions {
  /** What the names of its queues in BullMQ begin with. */
  readonly prefix: string;
  /** As given to `BullModule.forRoot(configKey, …)`. */
  readonly configKey: string | undefined;
  /** How values become bytes, encrypted where the cache is. */
  readonly codec: Codec;
  readonly clock: Clock;
  /** Is told what fails behind the scenes, such as lost connections. */
  readonly onError: (error: unknown) => void;
}

/** Queues in Redis, which all processes share and BullMQ works off. */
export class BullBacking implements Backing {
  readonly lasts = true;

  constructor(private readonly options: BullBackingOptions) {}

  async open({ name, settings: queue, observer }: QueueParts, providers: ProviderLookup): Promise<BullQueue> {
    const { prefix, configKey, codec, clock, onError } = this.options;
    const bullName = `${prefix}${name}`.replaceAll(':', '.');
    const settings = await bullSettings(providers, { queue: bullName, configKey });
    const place = (id: string): { namespace: string; key: string } => ({ namespace: `write-behind:${name}`, key: id });
    return BullQueue.open({
      name: bullName,
      settings,
      queue,
      observer,
      encode: (value, id) => codec.encode(value, place(id)),
      decode: (bytes, id) => codec.decode(bytes, place(id)),
      now: () => clock.now(),
      onError,
    });
  }

  /** They find what waits by themselves. */
  resume(): void {}

  close(): void {}
}
