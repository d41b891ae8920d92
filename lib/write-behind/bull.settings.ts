import type { ProviderLookup } from './backing.js';
import type { ConnectionOptions } from 'bullmq';
import { CacheOptionsError } from '../errors/cache.errors.js';

/** What is taken over from the application's BullMQ. */
export interface BullSettings {
  readonly connection: ConnectionOptions;
  /** Of all keys in Redis. Default: BullMQ's, `bull`. */
  readonly prefix?: string;
}

/** Where the settings are to be found. */
export interface BullSource {
  /** Name of the queue: where it is registered with `BullModule.registerQueue`, its settings are taken. */
  readonly queue: string;
  /** As given to `BullModule.forRoot(configKey, …)`. */
  readonly configKey?: string | undefined;
}

type NestBullmq = typeof import('@nestjs/bullmq');

/**
 * The connection of `@nestjs/bullmq`: that of the registered queue of this name, else of `BullModule.forRoot`.
 * @throws {CacheOptionsError} where a package is missing, or BullModule says nothing
 */
export async function bullSettings(providers: ProviderLookup, { queue, configKey }: BullSource): Promise<BullSettings> {
  const { getQueueOptionsToken, getSharedConfigToken } = await loadNestBullmq();
  const found = [getQueueOptionsToken(queue), getSharedConfigToken(configKey)]
    .map((token) => optional(providers, token))
    .find((options) => options?.connection !== undefined);
  if (found !== undefined) {
    const { connection, prefix } = found;
    return { connection: connection!, ...(prefix !== undefined && { prefix }) };
  }
  const call = configKey === undefined ? '{ connection }' : `'${configKey}', { connection }`;
  throw new CacheOptionsError(
    `journal 'bullmq' has no connection: import BullModule.forRoot(${call}) of @nestjs/bullmq, or register the queue '${queue}'`,
  );
}

/** @throws {CacheOptionsError} where it is not installed */
export async function loadBullmq(): Promise<typeof import('bullmq')> {
  return await load(() => import('bullmq'));
}

async function loadNestBullmq(): Promise<NestBullmq> {
  return await load(() => import('@nestjs/bullmq'));
}

async function load<T>(importing: () => Promise<T>): Promise<T> {
  try {
    const loaded = await importing();
    // Those that are CommonJS may have all they export below `default`.
    return { ...(loaded as { default?: T }).default, ...loaded };
  } catch (cause) {
    throw new CacheOptionsError(
      "journal 'bullmq' needs bullmq and @nestjs/bullmq: npm install bullmq@^6 @nestjs/bullmq@^12",
      { cause },
    );
  }
}

function optional(providers: ProviderLookup, token: string): Partial<BullSettings> | undefined {
  try {
    return providers.get(token, { strict: false }) as Partial<BullSettings>;
  } catch {
    return undefined;
  }
}
