import { random } from '../../fault/child/random.mjs';
import { serve, settings } from '../../fault/child/serve.mjs';
import { now, openCache } from './cache.mjs';
import { groupOf, KEYS, Source } from './world.mjs';

const LANES = 8;
const STEP = 5;

const { cache, events } = openCache(settings);
const source = await Source.open(settings.source);
/** Of each key: when reads of it began, and the versions that they were given. */
const begun = Array.from({ length: KEYS }, () => []);
const given = Array.from({ length: KEYS }, () => []);
/** The longest time for which this process did nothing else than what it was doing. */
let stall = 0;
/** The longest load. */
let longest = 0;

function watchStalls() {
  let last = now();
  return setInterval(() => {
    stall = Math.max(stall, now() - last - STEP);
    last = now();
  }, STEP);
}

async function load(key, late, context) {
  const from = now();
  const version = await source.version(key);
  longest = Math.max(longest, now() - from);
  if (late) context.setTags([groupOf(key)]);
  return version;
}

async function lane(rand, end) {
  while (now() < end) {
    const key = Math.floor(rand() * KEYS);
    const late = rand() < 0.3;
    const options = late ? {} : { tags: [groupOf(key)] };
    const at = now();
    const loaded = await cache.getOrSet(`k${key}`, (context) => load(key, late, context), options);
    begun[key].push(at);
    given[key].push(loaded);
    if (rand() < 0.05) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** For how long the next version had been acknowledged when each of these reads began. */
function* ages(key, acknowledged) {
  for (const [i, at] of begun[key].entries()) {
    const newer = acknowledged.find(([version]) => version > given[key][i]);
    if (newer !== undefined && newer[1] < at) yield { key, at, age: at - newer[1], version: given[key][i], newer };
  }
}

serve({
  async run({ ms, seed }) {
    const rand = random(seed);
    const end = now() + ms;
    const watch = watchStalls();
    await Promise.all(Array.from({ length: LANES }, () => lane(rand, end)));
    clearInterval(watch);
    return { reads: begun.reduce((sum, { length }) => sum + length, 0), stall, longest, loads: events.counts.load };
  },
  /** What was read that had been replaced longer ago than it may be. Outside of `disturbed` times `bound` is that, else `lost`. */
  judge({ acknowledged, disturbed, bound, lost }) {
    const worst = { calm: 0, disturbed: 0 };
    const wrong = [];
    for (let key = 0; key < KEYS; key += 1) {
      for (const read of ages(key, acknowledged[key])) {
        const isDisturbed = disturbed.some(([from, to]) => from <= read.at && read.at <= to);
        const about = isDisturbed ? 'disturbed' : 'calm';
        worst[about] = Math.max(worst[about], read.age);
        if (read.age > (isDisturbed ? lost : bound)) wrong.push(read);
      }
    }
    return { worst, wrong: wrong.slice(0, 5), violations: wrong.length };
  },
});
