// Hits in memory, side by side: every contender in every round, so that whatever else the machine does meets all of
// them. Printed is the median over the rounds, and its ratio to the floor: a Map behind an async function.
import { contenders } from './hits.mjs';
import { hitRatios } from './hit-ratios.mjs';

const KEYS = Number(process.env.KEYS ?? 1_000);
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const OPERATIONS = Number(process.env.OPERATIONS ?? 200_000);

async function round(read, keys) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < OPERATIONS; i += 1) await read(keys[i % keys.length]);
  return Number(process.hrtime.bigint() - begin) / OPERATIONS;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
const { all, close } = await contenders(keys);
const times = new Map(all.map(({ name }) => [name, []]));
for (const { read } of all) await round(read, keys);
for (let i = 0; i < ROUNDS; i += 1) {
  for (const { name, read } of all) times.get(name).push(await round(read, keys));
}
const floor = median(times.get(all[0].name));
console.log(`Node ${process.version}, ${KEYS} keys, ${ROUNDS} rounds of ${OPERATIONS} sequential hits\n`);
console.table(
  Object.fromEntries(
    all.map(({ name }) => {
      const ns = median(times.get(name));
      return [
        name,
        { 'ns/hit': Math.round(ns), 'M hits/s': +(1e3 / ns).toFixed(2), 'x floor': +(ns / floor).toFixed(2) },
      ];
    }),
  ),
);
await close();
console.log('\nHit ratios in per cent (recorded traces are read from TRACES, a folder, where it is set)\n');
console.table(hitRatios(process.env.TRACES));
