import { RedisConnection } from './redis-connection.js';
import type { RedisServer } from './redis-server.js';

/** A slot on its way from one master to another. */
export interface SlotMove {
  readonly slot: number;
  readonly from: RedisServer;
  readonly to: RedisServer;
}

/** Keys that are moved at once. */
const BATCH = 100;
/** Milliseconds for one batch. */
const PATIENCE = 5000;

/** From now on the old master answers for keys that it has, and with ASK for those that it has not. */
export async function announceMove({ slot, from, to }: SlotMove): Promise<void> {
  const [source, target] = await Promise.all([from, to].map((node) => node.command('CLUSTER', 'MYID')));
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(source));
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(target));
}

/** Moves the keys that the slot has now. */
export async function carryKeys({ slot, from, to }: SlotMove): Promise<void> {
  const connection = await RedisConnection.open(from);
  const access = to.password === undefined ? [] : ['AUTH', to.password];
  try {
    for (;;) {
      const keys = (await connection.commandForBytes('CLUSTER', 'GETKEYSINSLOT', slot, BATCH)) as Buffer[];
      if (keys.length === 0) return;
      await connection.command('MIGRATE', to.host, to.port, '', 0, PATIENCE, ...access, 'KEYS', ...keys);
    }
  } finally {
    connection.close();
  }
}

/** The new master has the slot; all masters are told. */
export async function settleMove({ slot, from, to }: SlotMove, masters: readonly RedisServer[]): Promise<void> {
  const target = String(await to.command('CLUSTER', 'MYID'));
  const others = masters.filter((master) => master !== to && master !== from);
  for (const master of [to, from, ...others]) await master.command('CLUSTER', 'SETSLOT', slot, 'NODE', target);
}
