import { describe, expect, it } from 'vitest';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { CacheEvents } from '../../../lib/events/cache-events.js';
import { checkHistory } from '../../../lib/testing/history/check-history.js';
import { FakeClock } from '../../../lib/testing/time/fake-clock.js';
import type { HistoryRecord } from '../../../lib/testing/history/history.js';
import type { RecordedCache } from '../../../lib/testing/history/recorded-cache.js';
import { Recorder } from '../../../lib/testing/history/recorder.js';
import { openCache } from '../../support/open-cache.js';

interface Rig {
  readonly clock: FakeClock;
  readonly events: CacheEvents;
  readonly recorder: Recorder;
  readonly cache: CacheService;
  readonly node: RecordedCache;
}

function rig(): Rig {
  const clock = new FakeClock(0);
  const events = new CacheEvents((error) => {
    throw error;
  });
  const recorder = new Recorder(() => clock.now());
  const cache = openCache({ clock, events });
  return { clock, events, recorder, cache, node: recorder.watch('a', cache) };
}

/** What was written down, without when. */
function deeds(recorder: Recorder): object[] {
  return recorder.history.map(({ begin: _begin, end: _end, ...rest }: HistoryRecord) => rest);
}

describe('Recorder', () => {
  it('answers as the cache does, and writes down what was loaded and read', async () => {
    const { recorder, node } = rig();
    const options = { ttl: '30s', grace: 60, tags: () => ['t'] } as const;
    const answer = await node.getOrSet(
      'k',
      (context) => {
        context.setTags(['late']);
        return 'value';
      },
      options,
    );
    expect(answer).toBe('value');
    expect(await node.get('k')).toBe('value');
    expect(await node.namespace('n').get('k')).toBeUndefined();
    const place = { node: 'a', namespace: '', key: 'k' };
    expect(deeds(recorder)).toMatchObject([
      { do: 'load', ...place, version: 'a#1', ttl: 30_000, grace: 60_000, tags: ['t', 'late'], watched: ['t', 'late'] },
      { do: 'read', ...place, version: 'a#1', grace: 60_000, taken: false },
      { do: 'read', ...place, version: 'a#1', grace: 0 },
      { do: 'read', node: 'a', namespace: 'n', key: 'k', version: null },
    ]);
  });

  it('writes down changes', async () => {
    const { recorder, node } = rig();
    await node.set('k', 'value', { ttl: Infinity, tags: ['t'] });
    await node.touch('k', '5s');
    expect(await node.take('k')).toBe('value');
    expect(await node.delete('k')).toBe(false);
    await node.invalidateTags(['t'], { allowStale: true });
    await node.clear();
    expect(await node.increment('count', 2)).toBe(2);
    expect(deeds(recorder)).toMatchObject([
      { do: 'write', version: 'a#1', ttl: null, grace: null, tags: ['t'], failed: false },
      { do: 'touch', ttl: 5_000 },
      { do: 'remove', key: 'k', failed: false },
      { do: 'read', version: 'a#1', taken: true },
      { do: 'remove', key: 'k', failed: false },
      { do: 'invalidate', tags: ['t'], allowStale: true },
      { do: 'clear', namespace: '' },
      { do: 'count', by: 2, result: 2 },
    ]);
    expect(checkHistory(recorder.history)).toEqual([]);
  });

  it('is in an order of its own where time stands still, and is plain data', async () => {
    const { recorder, node } = rig();
    await node.getOrSet('k', () => 1);
    await node.delete('k');
    const instants = recorder.history.flatMap(({ begin, end }) => [begin, end!]);
    expect(new Set(instants).size).toBe(instants.length);
    expect(Math.max(...instants)).toBeLessThan(0.001);
    expect(JSON.parse(JSON.stringify(recorder.history))).toEqual(recorder.history);
  });

  it('passes on what a loader throws, and writes that down', async () => {
    const { recorder, node } = rig();
    const failing = (): never => {
      throw new Error('the source failed');
    };
    await expect(node.getOrSet('k', failing)).rejects.toThrow('the source failed');
    expect(deeds(recorder)).toMatchObject([{ do: 'load', version: null }]);
  });

  it('knows what was found to be right again', async () => {
    const { recorder, node, clock } = rig();
    const options = { ttl: '1s', grace: '10s', tags: ['t'] } as const;
    await node.getOrSet('k', () => 'value', options);
    clock.advance(2_000);
    expect(await node.getOrSet('k', (context) => context.notModified<string>(), options)).toBe('value');
    const loads = recorder.history.filter((record) => record.do === 'load');
    expect(loads.map(({ version }) => version)).toEqual(['a#1', 'a#1']);
    expect(checkHistory(recorder.history)).toEqual([]);
  });

  it('takes a change for acknowledged when its node has told the backend', async () => {
    const { recorder, node, events, clock } = rig();
    const acknowledged = (): (number | null)[] =>
      recorder.history.flatMap((record) => ('acknowledged' in record ? [record.acknowledged] : []));
    await node.delete('k');
    events.emit('outage', { reason: 'it is down' });
    await node.delete('k');
    clock.advance(100);
    expect(acknowledged()).toEqual([expect.any(Number), null]);
    events.emit('recovery', { delivered: 1 });
    expect(acknowledged()[1]).toBeGreaterThanOrEqual(100);
    const trouble = recorder.history.find((record) => record.do === 'trouble');
    expect(trouble).toMatchObject({ node: 'a', what: 'it is down', end: expect.any(Number) });
  });

  it('finds a cache that serves what was deleted', async () => {
    const { recorder, node, cache } = rig();
    await node.getOrSet('k', () => 'value');
    const kept = await cache.get('k');
    await node.delete('k');
    await cache.set('k', kept);
    await node.get('k');
    expect(checkHistory(recorder.history).map(({ rule }) => rule)).toEqual(['stale after a change']);
  });
});
