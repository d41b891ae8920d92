// Caches on Redis, side by side, against the bare client: reads one after another and fifty at a time, writes, batches, and
// hits that are kept near. Values of 1 kB; each contender in a process of its own, and in every round, so that whatever else
// the machine does meets all. It starts a redis-server of its own.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const ROUNDS = Number(process.env.REDIS_ROUNDS ?? 16);
const CONTENDER = new URL('./redis-contender.mjs', import.meta.url);

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn(process.env.REDIS_SERVER ?? 'redis-server', args, { stdio: 'ignore' });
  pin(server, 0);
  while (!(await answers(port)));
  return { port, stop: () => server.kill('SIGKILL') };
}

/**
 * The server has one core and the contenders another, where the system lets us say so, as if they were two machines: whether the
 * scheduler puts both on one would decide a third of the time that a get takes.
 */
function pin({ pid }, core) {
  return spawnSync('taskset', ['-acp', String(core), String(pid)]).status === 0;
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function start(environment) {
  const child = fork(CONTENDER, { env: { ...process.env, ...environment } });
  const [said] = await once(child, 'message');
  return { child, said, pinned: pin(child, 1) };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const redis = await startRedis();
const { child: list, said } = await start({});
list.disconnect();
const { contenders: names, measures } = said;
const contenders = [];
for (const name of names) contenders.push({ name, ...(await start({ CONTENDER: name, REDIS_PORT: redis.port })) });
const rates = Object.fromEntries(names.map((name) => [name, {}]));
for (let round = 0; round < ROUNDS; round += 1) {
  // Who comes after whom is to be to nobody's advantage.
  if (round > 0) contenders.push(...contenders.splice(0, 2));
  for (const measure of measures) {
    for (const { name, child } of contenders) {
      child.send(measure);
      const [measured] = await once(child, 'message');
      if (measured !== null) (rates[name][measure] ??= []).push(measured);
    }
  }
}
const [floor] = names;
/** Of what was measured in the same round: the machine may be faster in the next. */
const ratio = (name, measure) =>
  +median(rates[name][measure].map((rate, round) => rate / rates[floor][measure][round])).toFixed(2);
const cores = contenders.every(({ pinned }) => pinned) ? 'on a core of their own' : 'on whichever core';
console.log(`\nCaches on Redis: Node ${process.version}, ${cores}, 1000 keys of 1 kB, median of ${ROUNDS} rounds\n`);
console.table(
  Object.fromEntries(
    names.map((name) => {
      const shown = Object.entries(rates[name]).map(([measure, all]) => [measure, Number(median(all).toPrecision(3))]);
      return [name, { ...Object.fromEntries(shown), '50 at once: x bare client': ratio(name, 'get/s, 50 at once') }];
    }),
  ),
);
for (const { child } of contenders) child.kill('SIGKILL');
redis.stop();
