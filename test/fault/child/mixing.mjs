import { random } from './random.mjs';
import { serve, settings } from './serve.mjs';
import { draft, openStore, systemClock } from './store.mjs';

const BIG = 4_000_000;
/** Operations under way at once. */
const AT_ONCE = 32;

const { me } = settings;
const { store, events } = openStore(settings);
const shared = store.space('shared');
const cleared = store.space('cleared');
const own = store.space(`of process ${me}`);
const wrong = [];
const sums = {};
const won = {};
const taken = {};

/** Says by whom it was written, and can be told from a mixture of two. */
function selfDescribing(key, seq, size) {
  return { key, by: me, seq, pad: `${me}`.repeat(size), sum: `${key} ${me} ${seq} ${size}` };
}

function check(key, value) {
  const { by, seq, pad, sum } = value;
  if (value.key === key && sum === `${key} ${by} ${seq} ${pad.length}` && pad === `${by}`.repeat(pad.length)) return;
  wrong.push(`'${key}' is ${JSON.stringify(value).slice(0, 80)}`);
}

function readChecked(space, key) {
  const value = space.read(key, systemClock.now())?.value;
  if (value !== undefined) check(key, value);
  return value;
}

/** One operation, chosen by chance. */
async function operate(seq, rand) {
  const pick = (count) => Math.floor(rand() * count);
  const kind = rand();
  if (kind < 0.2) {
    const [key, by] = [`counter ${pick(10)}`, 1 + pick(5)];
    await shared.increment(key, by, draft(undefined));
    sums[key] = (sums[key] ?? 0) + by;
  } else if (kind < 0.4) {
    const [key, tags] = [`key ${pick(200)}`, [`tag ${pick(20)}`]];
    await shared.write(key, draft(selfDescribing(key, seq, pick(3_000)), tags));
  } else if (kind < 0.7) readChecked(shared, `key ${pick(200)}`);
  else if (kind < 0.75) await shared.remove(`key ${pick(200)}`);
  else if (kind < 0.77) await store.invalidateTags([`tag ${pick(20)}`]);
  else if (kind < 0.8) {
    const key = `once ${pick(500)}`;
    if (await shared.add(key, draft(me))) won[key] = (won[key] ?? 0) + 1;
  } else if (kind < 0.83) {
    const key = `taken ${pick(500)}`;
    // Each is put there once, by one process.
    if (Number(key.slice(6)) % 3 === me && taken[key] === undefined) {
      taken[key] = 0;
      await shared.write(key, draft('take me'));
    } else if (await shared.take(key)) taken[key] = (taken[key] ?? 0) + 1;
  } else if (kind < 0.9) {
    const key = `key ${pick(100)}`;
    await cleared.write(key, draft(selfDescribing(key, seq, 200), ['cleared']));
  } else if (kind < 0.95) readChecked(cleared, `key ${pick(100)}`);
  else if (kind < 0.951) await cleared.clear();
  else if (kind < 0.98) await ownEntry(seq);
  else await load(`loaded ${pick(50)}`, seq);
}

/** What this process wrote it reads, and what it deleted it does not. */
async function ownEntry(seq) {
  const key = `own ${seq}`;
  await own.write(key, draft(selfDescribing(key, seq, 100), ['own']));
  if (readChecked(own, key)?.seq !== seq) wrong.push(`'${key}' is not there after it was written`);
  await own.remove(key);
  if (readChecked(own, key) !== undefined) wrong.push(`'${key}' is there after it was deleted`);
}

async function load(key, seq) {
  const lease = await shared.lease(key, ['loads'], 'refresh');
  if (!('commit' in lease)) return;
  if (seq % 5 === 0) await lease.release();
  else await lease.commit(draft(selfDescribing(key, seq, 50), ['loads', 'late']));
}

/** 4 MB written again and again, or read. */
async function big(seq) {
  if (me === 0) await shared.write('big', draft(selfDescribing('big', seq, BIG)));
  else readChecked(shared, 'big');
}

serve({
  async run({ operations, bigOperations }) {
    const rand = random(settings.seed);
    let seq = 0;
    const lanes = Array.from({ length: AT_ONCE }, async () => {
      while (seq < operations) {
        seq += 1;
        await operate(seq, rand);
      }
    });
    const bigLane = (async () => {
      for (let seq = 1; seq <= bigOperations; seq += 1) {
        await big(seq);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    await Promise.all([...lanes, bigLane]);
    await Promise.all([shared.remove('big'), ...Object.keys(taken).map((key) => take(key))]);
    const { unreadable, setAside } = events.counts;
    return { sums, won, taken, wrong, unreadable, setAside };
  },
  write: ({ key, value }) => shared.write(key, draft(value)),
  remove: ({ key }) => shared.remove(key),
  clear: () => shared.clear(),
  invalidate: ({ tag }) => store.invalidateTags([tag]),
  writeTagged: ({ key, value, tag }) => shared.write(key, draft(value, [tag])),
  read: ({ key }) => shared.read(key, systemClock.now())?.value ?? null,
  holdLeases: ({ keys, tag }) =>
    Promise.all(Array.from({ length: keys }, (_, i) => shared.lease(`held ${i}`, [tag], 'load'))).then(() => {}),
  close: () => store.close(),
});

async function take(key) {
  if (await shared.take(key)) taken[key] += 1;
}
