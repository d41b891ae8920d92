import { once } from 'node:events';
import { Fleet } from './fleet.js';
import { Story } from './story.js';
import { table } from './table.js';

const stays = process.argv.includes('--stay');

async function main(): Promise<void> {
  console.log('\nStarting Redis, a database and three instances');
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const fleet = await Fleet.start();
  try {
    const told = tell(fleet);
    const interrupted = await Promise.race([told.then(() => false), stop.then(() => true)]);
    told.catch(() => {});
    if (interrupted) process.exitCode = 1;
    if (stays && !interrupted) {
      for (const { name, origin } of fleet.instances) console.log(`${name} serves on ${origin}`);
      console.log(`Redis listens on port ${fleet.redis.port}; stop all of it with Ctrl+C`);
      await stop;
    }
  } finally {
    await fleet.stop();
  }
}

async function tell(fleet: Fleet): Promise<void> {
  console.log('\nThe story');
  const story = new Story(fleet);
  let everyday = '';
  try {
    await story.beginning();
    everyday = await hitRates(fleet);
    await story.outage();
  } finally {
    const rows = story.chapters.map(({ title, seen, promised, kept }) => [title, seen, promised, kept ? 'yes' : 'NO']);
    console.log(`\n${table(['Story', 'Seen', 'Promised', 'So?'], rows)}\n`);
    console.log(`Who answered, before Redis was frozen:\n\n${everyday}\n`);
  }
  if (story.chapters.some(({ kept }) => !kept)) throw new Error('Not everything came as promised');
}

/** What each tier of each instance answered. */
async function hitRates({ instances }: Fleet): Promise<string> {
  const rows = instances.map(async (instance) => {
    const { tiers, loads } = await instance.stats();
    const shares = [tiers!.memory!, tiers!.redis!].flatMap(({ hits, misses, hitRate }) => [
      String(hits),
      String(misses),
      (100 * hitRate).toFixed(1),
    ]);
    return [instance.name, ...shares, String(loads)];
  });
  const head = ['Instance', 'Memory: hits', 'misses', '%', 'Redis: hits', 'misses', '%', 'Loads'];
  return table(head, await Promise.all(rows));
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`);
  // Ends whatever has been started: processes of the fleet end with this one.
  process.exit(1);
});
