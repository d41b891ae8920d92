import { assertOptions } from '../cache/arguments.js';
import type { Above, Below, MonitorOptions, ResolvedMonitor, Threshold } from '../monitor/monitor-options.js';
import type { WatchedName } from '../monitor/monitor-report.js';
import { milliseconds } from '../support/duration.js';
import { callable, whole, wrong } from './checks.js';

/** Milliseconds. */
const EVERY = 300_000;
/** Milliseconds; timers have an end. */
const LONGEST = 7 * 86_400_000;

/** What holds for a threshold that says nothing itself; shares, and milliseconds for `loadTime`. */
const DEFAULTS: Readonly<Record<WatchedName, Omit<Threshold, 'name'>>> = {
  hitRate: { kind: 'below', limit: 0.5, minSamples: 100 },
  errorRate: { kind: 'above', limit: 0.05, minSamples: 20 },
  evictionRate: { kind: 'above', limit: 0.5, minSamples: 100 },
  loadTime: { kind: 'above', limit: 2_000, minSamples: 10 },
  loadFailureRate: { kind: 'above', limit: 0.1, minSamples: 10 },
};
const NAMES = Object.keys(DEFAULTS) as WatchedName[];

/**
 * What a monitor watches. Without the option it watches all there is, when it is asked.
 * @throws {CacheOptionsError} naming the option and what it should be.
 */
export function resolveMonitor(given: boolean | MonitorOptions | undefined): ResolvedMonitor {
  if (given === undefined || given === false) return { ...resolve({}), every: undefined };
  return resolve(given === true ? {} : given);
}

function resolve(given: MonitorOptions): ResolvedMonitor {
  if (given === null) throw wrong('monitor', 'true, or an object such as { hitRate: { below: 0.8 } }', given);
  assertOptions(given, ['every', 'onChange', ...NAMES], 'BlossomCacheModule: monitor');
  const wanted = NAMES.filter((name) => given[name] !== undefined && given[name] !== false);
  const names = wanted.length > 0 ? wanted : NAMES.filter((name) => given[name] !== false);
  return {
    every: every(given.every),
    thresholds: names.map((name) => threshold(name, given[name])),
    onChange: callable(given.onChange, 'monitor.onChange'),
  };
}

function every(given: unknown): number | undefined {
  if (given === undefined) return EVERY;
  if (given === false) return undefined;
  const ms = milliseconds(given, 'monitor.every');
  if (0 < ms && ms <= LONGEST) return ms;
  throw wrong('monitor.every', "a span more than 0 and at most '7d', or false", given);
}

function threshold(name: WatchedName, given: MonitorOptions[WatchedName]): Threshold {
  const { kind, limit, minSamples } = DEFAULTS[name];
  if (given === undefined || typeof given === 'boolean') return { name, kind, limit, minSamples };
  const option = `monitor.${name}`;
  if (given === null) throw wrong(option, 'true, false, or an object', given);
  assertOptions(given, [kind, 'minSamples'], `BlossomCacheModule: ${option}`);
  const said = (given as Below & Above<unknown>)[kind];
  return {
    name,
    kind,
    limit: said === undefined ? limit : readLimit(name, said, `${option}.${kind}`),
    minSamples: whole(given.minSamples, `${option}.minSamples`, 1, Number.MAX_SAFE_INTEGER) ?? minSamples,
  };
}

function readLimit(name: WatchedName, said: unknown, option: string): number {
  if (name === 'loadTime') {
    const ms = milliseconds(said, option);
    if (ms >= 0 && ms !== Infinity) return ms;
    throw wrong(option, "a span of 0 or more, such as '2s'", said);
  }
  const most = name === 'evictionRate' ? Infinity : 1;
  if (typeof said === 'number' && said >= 0 && said <= most) return said;
  throw wrong(option, most === 1 ? 'a share from 0 to 1' : 'a number of 0 or more', said);
}
