import { table } from './table.js';

const SYMBOLS = ['AAA', 'BBBB', 'CC'];
const ROUNDS = 10;

interface Reading {
  readonly what: string;
  readonly sample: string;
  readonly wanted: number;
}

/** What has to be read after every symbol was asked for so many times, one after the other. */
const READINGS: readonly Reading[] = [
  {
    what: 'hits',
    sample: 'blossom_cache_requests_total{blossom_cache_name="default",blossom_cache_result="hit"',
    wanted: SYMBOLS.length * (ROUNDS - 1),
  },
  {
    what: 'misses',
    sample: 'blossom_cache_requests_total{blossom_cache_name="default",blossom_cache_result="miss"',
    wanted: SYMBOLS.length,
  },
  {
    what: 'loads',
    sample: 'blossom_cache_loads_total{blossom_cache_name="default",blossom_cache_load_outcome="success"',
    wanted: SYMBOLS.length,
  },
  { what: 'backend down', sample: 'blossom_cache_backend_down{blossom_cache_name="default"', wanted: 0 },
];

/** Asks the application, and then what it says of itself; whether that is right. */
export async function takeTour(origin: string): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const symbol of SYMBOLS) await fetch(`${origin}/quotes/${symbol}`);
  }
  const lines = (await (await fetch(`${origin}/metrics`)).text()).split('\n');
  const rows = READINGS.map(({ what, sample, wanted }) => {
    const line = lines.find((one) => one.startsWith(sample));
    const found = line?.split('} ')[1]?.split(' ')[0];
    return [what, `${sample}…`, String(wanted), found ?? 'nothing', Number(found) === wanted ? 'yes' : 'NO'];
  });
  const health = (await (await fetch(`${origin}/health`)).json()) as { status: string };
  rows.push(['health', 'GET /health', 'ok', health.status, health.status === 'ok' ? 'yes' : 'NO']);
  console.log(`\n${table(['What', 'Where', 'Wanted', 'Read', 'So?'], rows)}\n`);
  return rows.every((row) => row.at(-1) === 'yes');
}
