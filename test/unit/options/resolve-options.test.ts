import { resolve as resolvePath } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CacheOptionsError } from '../../../lib/errors/cache.errors.js';
import type { BlossomCacheOptions } from '../../../lib/options/options.js';
import { describeOptions } from '../../../lib/options/describe-options.js';
import { NO_TERMS } from '../../../lib/cache/call-policy.js';
import { resolveMonitor } from '../../../lib/options/resolve-monitor.js';
import { resolveStored } from '../../../lib/options/resolve-stored.js';
import { resolveOptions } from '../../../lib/options/resolve-options.js';
import { systemClock } from '../../../lib/support/clock.js';

/** It watches all there is, when it is asked. */
const UNASKED = resolveMonitor(undefined);

const resolve = (options: object): ReturnType<typeof resolveOptions> => resolveOptions(options as BlossomCacheOptions);

class Guard {}

describe('resolveOptions', () => {
  it('puts in the defaults', () => {
    expect(resolveOptions()).toEqual({
      name: undefined,
      enabled: true,
      ttl: 3_600_000,
      ttlJitter: 0,
      terms: NO_TERMS,
      varyBy: undefined,
      anonymousGuards: [],
      clock: systemClock,
      monitor: UNASKED,
      faults: undefined,
      tiers: {
        memory: {
          maxSize: 1_000,
          maxBytes: Infinity,
          evictionPolicy: 'lru',
          isolation: 'reference',
          sizeOf: undefined,
        },
      },
      writeBehind: { place: { journal: 'memory' }, flushTimeout: 10_000 },
      codec: resolveStored({}).codec,
    });
  });

  it('keeps what it is given', () => {
    const clock = { now: () => 0 };
    const varyBy = (): string => 'x';
    const sizeOf = (): number => 1;
    const given = {
      backend: 'memory', name: 'llm', isGlobal: false, ttl: '5m', grace: '1h', graceBackoff: '5s', softTimeout: '1s', hardTimeout: '2s', refreshAhead: 0.8, ttlJitter: 1.5, prefix: 'app', version: 3, varyBy,
      anonymousGuards: [Guard], clock, maxSize: 5, maxSizeMb: 2, evictionPolicy: 'lfu', isolation: 'clone', sizeOf,
      writeBehind: { dir: '/var/j', flushTimeout: '2s' },
    }; // prettier-ignore
    expect(resolve(given)).toEqual({
      name: 'llm',
      enabled: true,
      ttl: 300_000,
      ttlJitter: 1_500,
      terms: {
        grace: 3_600_000,
        graceBackoff: 5_000,
        softTimeout: 1_000,
        hardTimeout: 2_000,
        refreshAhead: { part: 0.8 },
      },
      varyBy,
      anonymousGuards: [Guard],
      clock,
      monitor: UNASKED,
      faults: undefined,
      tiers: { memory: { maxSize: 5, maxBytes: 2_097_152, evictionPolicy: 'lfu', isolation: 'clone', sizeOf } },
      writeBehind: {
        place: { journal: 'file', directory: resolvePath('/var/j'), scope: '["llm","app"]' },
        flushTimeout: 2_000,
      },
      codec: resolveStored({}).codec,
    });
  });

  it('an option that is undefined is one that is not given', () => {
    const names = [
      'backend',
      'name',
      'enabled',
      'ttl',
      'ttlJitter',
      'prefix',
      'version',
      'varyBy',
      'anonymousGuards',
      'clock',
    ];
    const memory = ['maxSize', 'maxSizeMb', 'evictionPolicy', 'isolation', 'sizeOf'];
    const given = Object.fromEntries([...names, ...memory].map((name) => [name, undefined]));
    expect(resolve(given)).toEqual(resolveOptions());
  });

  it('gives a frozen object that later changes of the options do not reach', () => {
    const guards = [Guard];
    const options = { anonymousGuards: guards, maxSize: 5 };
    const resolved = resolve(options);
    guards.pop();
    options.maxSize = 6;
    expect(resolved.anonymousGuards).toEqual([Guard]);
    expect(resolved.tiers.memory?.maxSize).toBe(5);
    for (const part of [resolved, resolved.tiers.memory, resolved.anonymousGuards])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('knows no limit in entries where there is one in megabytes, unless both are given', () => {
    expect(resolve({ maxSizeMb: 1 }).tiers.memory).toMatchObject({ maxSize: Infinity, maxBytes: 1_048_576 });
    expect(resolve({ maxSizeMb: 1, maxSize: 9 }).tiers.memory).toMatchObject({ maxSize: 9, maxBytes: 1_048_576 });
    expect(resolve({ maxSize: Infinity }).tiers.memory).toMatchObject({ maxSize: Infinity, maxBytes: Infinity });
  });

  it('is switched off by either of two ways', () => {
    expect(resolve({ enabled: false }).enabled).toBe(false);
    expect(resolve({ backend: 'off' }).enabled).toBe(false);
    expect(resolve({ backend: 'off', enabled: true }).enabled).toBe(false);
  });

  it.each([
    [0, 0],
    [-1, -1_000],
    [Infinity, Infinity],
    [0.25, 250],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['7d', 604_800_000],
  ])('a ttl of %s is %d ms', (ttl, ms) => {
    expect(resolve({ ttl }).ttl).toBe(ms);
  });
});

describe('resolveOptions names the option that is wrong', () => {
  const wrong: [string, unknown][] = [
    ...[42, '', 'redid', {}].map((value): [string, unknown] => ['backend', value]),
    ...['', 5, null, {}, '\ud800'].map((value): [string, unknown] => ['name', value]),
    ...['no', 0, 1, {}].map((value): [string, unknown] => ['enabled', value]),
    ...['no', 0, {}].map((value): [string, unknown] => ['isGlobal', value]),
    ...['soon', '5', '', NaN, {}, true, '5 m', '1h30m', '5M', 5n].map((value): [string, unknown] => ['ttl', value]),
    ...[-1, '-1s', Infinity, NaN, 'soon', {}].map((value): [string, unknown] => ['ttlJitter', value]),
    ...['', 5, null, '\udc00'].map((value): [string, unknown] => ['prefix', value]),
    ...[{}, [], true, NaN, () => 1].map((value): [string, unknown] => ['version', value]),
    ...['user', 5, null, {}, 'public'].map((value): [string, unknown] => ['varyBy', value]),
    ...['Guard', Guard, [new Guard()], ['Guard'], null].map((value): [string, unknown] => ['anonymousGuards', value]),
    ...[null, {}, 5, { now: 5 }].map((value): [string, unknown] => ['clock', value]),
    ...[0, -1, 1.5, NaN, -Infinity, '5', null].map((value): [string, unknown] => ['maxSize', value]),
    ...[0, -1, NaN, '5', null].map((value): [string, unknown] => ['maxSizeMb', value]),
    ...[-1, 'soon', NaN].map((value): [string, unknown] => ['grace', value]),
    ...[5, '5', -1].map((value): [string, unknown] => ['softTimeout', value]),
    ...[5, '0ms'].map((value): [string, unknown] => ['hardTimeout', value]),
    ...[5, '-1s'].map((value): [string, unknown] => ['graceBackoff', value]),
    ...['often', NaN].map((value): [string, unknown] => ['refreshAhead', value]),
    ...['LRU', 'random', 5, false].map((value): [string, unknown] => ['evictionPolicy', value]),
    ...['copy', 5, true].map((value): [string, unknown] => ['isolation', value]),
    ...[5, 'bytes', null].map((value): [string, unknown] => ['sizeOf', value]),
    ...['maxsize', 'TTL', 'stdTTL', 'store', 'max', 'gracePeriod'].map((name): [string, unknown] => [name, 5]),
  ];

  it.each(wrong)('%s: %s', (option, value) => {
    const attempt = (): unknown => resolve({ [option]: value });
    expect(attempt).toThrow(CacheOptionsError);
    expect(attempt).toThrow(new RegExp(`\\b${option}\\b`));
  });

  it('options of the memory on a cache that is off', () => {
    expect(() => resolve({ backend: 'off', maxSize: 5 })).toThrow(/unknown option 'maxSize'/);
  });

  it.each([null, 5, 'memory', []])('options that are no object: %j', (options) => {
    expect(() => resolve(options as unknown as object)).toThrow(/options must be an object/);
  });
});

describe('describeOptions, the line of the boot log', () => {
  it.each([
    [{}, "cache 'default': memory (lru, at most 1000 entries, ttl 3600 s)"],
    [{ name: 'llm', ttl: Infinity, maxSize: Infinity }, "cache 'llm': memory (lru, no limit, ttl for ever)"],
    [
      { maxSize: 5, maxSizeMb: 1.5, ttl: '250ms' },
      "cache 'default': memory (lru, at most 5 entries, at most 1.5 MB, ttl 0.25 s)",
    ],
    [{ enabled: false }, "cache 'default': off, nothing is stored"],
  ])('%j', (options, line) => {
    expect(describeOptions(resolve(options))).toBe(line);
  });
});
