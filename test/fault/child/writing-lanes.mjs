import { openSync, writeSync } from 'node:fs';
import { operations, read, valueOf } from './lane.mjs';
import { serve, settings } from './serve.mjs';
import { draft, openStore, systemClock } from './store.mjs';

const { lanes, log, from } = settings;
const fd = openSync(log, 'a');
let opened;

/** What is written here at once is there whatever becomes of this process. */
function note(...fields) {
  writeSync(fd, `${JSON.stringify(fields)}\n`);
}

async function carryOut(space, lane, operation) {
  const { op, key, tags } = operation;
  if (op === 'set') await space.write(key, draft(valueOf(lane, operation), tags));
  else if (op === 'delete') await space.remove(key);
  else if (op === 'increment') await space.increment(key, operation.by, draft(undefined));
  else if (op === 'clear') await space.clear();
  else if (op === 'invalidate') await opened.store.invalidateTags(tags);
  else {
    const lease = await space.lease(key, [], 'refresh');
    if (!(await lease.commit(draft(valueOf(lane, operation), tags)))) throw new Error('the lease was lost');
  }
}

async function run(lane, begun) {
  const space = opened.store.space(`lane${lane}`);
  for (const operation of operations(lane, from)) {
    note(lane, operation);
    await carryOut(space, lane, operation);
    note(lane);
    begun();
  }
}

serve({
  /** Opens the directory; how long that and the first read took, and what the lanes hold. */
  open() {
    const before = performance.now();
    opened = openStore(settings);
    opened.store.space('lane0').read('k0', systemClock.now());
    const ms = performance.now() - before;
    for (const type of ['unreadable', 'setAside']) opened.events.on(type, (event) => note('event', type, event));
    const held = lanes.map((lane) => read(opened.store.space(`lane${lane}`), lane, systemClock.now()));
    return { ms, held };
  },
  /** Resolves when something has been acknowledged. */
  run() {
    return new Promise((resolve) => {
      for (const lane of lanes) run(lane, resolve).catch((error) => note('event', 'error', error.stack));
    });
  },
});
