import { describe, expect, it } from 'vitest';
import { checkHistory, type Promises } from '../../../lib/testing/history/check-history.js';
import type {
  CountRecord,
  History,
  HistoryRecord,
  InvalidationRecord,
  LoadRecord,
  ReadRecord,
  RemovalRecord,
  WriteRecord,
} from '../../../lib/testing/history/history.js';

const K = { namespace: '', key: 'k' } as const;

function at<T extends HistoryRecord>(node: string, begin: number, end: number, rest: object): T {
  return { node, begin, end, ...rest } as T;
}

function load(node: string, begin: number, end: number, rest: Partial<LoadRecord> = {}): LoadRecord {
  const version = `${node}#1`;
  const { tags = [] } = rest;
  const about = { version, asked: begin, stored: end, ttl: null, grace: 0, tags, watched: tags, joinable: true };
  return at(node, begin, end, { do: 'load', ...K, ...about, ...rest });
}

function read(
  node: string,
  begin: number,
  end: number,
  version: string | null,
  rest: Partial<ReadRecord> = {},
): ReadRecord {
  return at(node, begin, end, { do: 'read', ...K, version, grace: 0, taken: false, ...rest });
}

function removal(node: string, begin: number, end: number, rest: Partial<RemovalRecord> = {}): RemovalRecord {
  return at(node, begin, end, { do: 'remove', ...K, acknowledged: end, failed: false, ...rest });
}

function write(node: string, begin: number, end: number, rest: Partial<WriteRecord> = {}): WriteRecord {
  const about = { version: `${node}#set`, ttl: null, grace: 0, tags: [], acknowledged: end, failed: false };
  return at(node, begin, end, { do: 'write', ...K, ...about, ...rest });
}

function invalidation(
  node: string,
  begin: number,
  end: number,
  rest: Partial<InvalidationRecord> = {},
): InvalidationRecord {
  const about = { tags: ['t'], allowStale: false, acknowledged: end, failed: false };
  return at(node, begin, end, { do: 'invalidate', ...about, ...rest });
}

function count(node: string, begin: number, end: number, result: number | null): CountRecord {
  return at(node, begin, end, { do: 'count', ...K, by: 1, ttl: null, result, acknowledged: end });
}

function rules(history: History, promises?: Promises): readonly string[] {
  return checkHistory(history, promises).map(({ rule }) => rule);
}

const STALE = ['stale after a change'];
const FINE: readonly string[] = [];

describe('a value that is stale after a change', () => {
  const changes: readonly (readonly [string, HistoryRecord])[] = [
    ['a delete', removal('a', 20, 21)],
    ['a set', write('a', 20, 21)],
    ['an invalidation of its tag', invalidation('a', 20, 21)],
    ['a clear', at('a', 20, 21, { do: 'clear', namespace: '', acknowledged: 21, failed: false })],
  ];

  it.each(changes)('is served after %s', (_, change) => {
    const loaded = load('a', 10, 30, { tags: ['t'] });
    expect(rules([loaded, change, read('a', 40, 41, 'a#1')])).toEqual(STALE);
    expect(rules([loaded, change, read('b', 40, 41, 'a#1')])).toEqual(STALE);
  });

  it.each(changes)('may be given to a call that began before %s was acknowledged', (_, change) => {
    expect(rules([load('a', 10, 30, { tags: ['t'] }), change, read('a', 20.5, 41, 'a#1')])).toEqual(FINE);
  });

  it.each(changes)('is right if its load began after %s began', (_, change) => {
    expect(rules([load('a', 20.5, 30, { tags: ['t'] }), change, read('a', 40, 41, 'a#1')])).toEqual(FINE);
  });

  it('is right if it has another key, tag or namespace than what was changed', () => {
    const others = [
      removal('a', 20, 21, { key: 'other' }),
      removal('a', 20, 21, { namespace: 'n' }),
      invalidation('a', 20, 21, { tags: ['other'] }),
      at<HistoryRecord>('a', 20, 21, { do: 'clear', namespace: 'n', acknowledged: 21, failed: false }),
    ];
    expect(rules([load('a', 10, 30, { tags: ['t'] }), ...others, read('a', 40, 41, 'a#1')])).toEqual(FINE);
  });

  it('may be served by other nodes for as long as they are allowed, and by the own one not at all', () => {
    const history = [load('a', 10, 11), removal('a', 20, 21)];
    const promises = { maxStaleness: 100 };
    expect(rules([...history, read('b', 120, 121, 'a#1')], promises)).toEqual(FINE);
    expect(rules([...history, read('b', 122, 123, 'a#1')], promises)).toEqual(STALE);
    expect(rules([...history, read('a', 22, 23, 'a#1')], promises)).toEqual(STALE);
  });

  it('may be served by other nodes until the backend has been told', () => {
    const untold = [load('a', 10, 11), removal('a', 20, 21, { acknowledged: 60 })];
    expect(rules([...untold, read('b', 50, 51, 'a#1')])).toEqual(FINE);
    expect(rules([...untold, read('b', 61, 62, 'a#1')])).toEqual(STALE);
    expect(rules([...untold, read('a', 22, 23, 'a#1')])).toEqual(STALE);
    const never = removal('a', 20, 21, { acknowledged: null });
    expect(rules([load('a', 10, 11), never, read('b', 1_000, 1_001, 'a#1')])).toEqual(FINE);
  });

  it('is found by whichever change all had to know of first', () => {
    const [slow, quick] = [removal('a', 20, 21, { acknowledged: 900 }), removal('a', 30, 31)];
    expect(rules([load('a', 10, 11), slow, quick, read('b', 40, 41, 'a#1')])).toEqual(STALE);
    expect(rules([load('a', 10, 11), slow, quick, read('b', 25, 26, 'a#1')])).toEqual(FINE);
    expect(rules([load('a', 25, 26), slow, quick, read('b', 40, 41, 'a#1')])).toEqual(STALE);
  });

  it('may be served if the change failed, or is under way', () => {
    const served = read('a', 40, 41, 'a#1');
    expect(rules([load('a', 10, 11), removal('a', 20, 21, { failed: true }), served])).toEqual(FINE);
    expect(rules([load('a', 10, 11), removal('a', 20, 21, { end: null }), served])).toEqual(FINE);
  });

  it('was set by hand before the change, not at the same time', () => {
    expect(rules([write('b', 10, 15), removal('a', 20, 21), read('a', 40, 41, 'b#set')])).toEqual(STALE);
    expect(rules([write('b', 10, 25), removal('a', 20, 21), read('a', 40, 41, 'b#set')])).toEqual(FINE);
  });

  it('was found to be right again after the change', () => {
    const again = load('b', 30, 31, { version: 'a#1', tags: ['t'] });
    const served = read('a', 40, 41, 'a#1');
    expect(rules([load('a', 10, 11), removal('a', 20, 21), again, served])).toEqual(FINE);
    // Or it was not stored again with that tag.
    expect(rules([load('a', 10, 11), again, invalidation('a', 35, 36), served])).toEqual(FINE);
  });

  it('is for those only who take a stale one, where the invalidation allows it', () => {
    const history = [load('a', 10, 11, { tags: ['t'], grace: null }), invalidation('a', 20, 21, { allowStale: true })];
    expect(rules([...history, read('a', 40, 41, 'a#1', { grace: 1_000 })])).toEqual(FINE);
    expect(rules([...history, read('a', 40, 41, 'a#1')])).toEqual(STALE);
    const plain = invalidation('b', 30, 31);
    expect(rules([...history, plain, read('a', 40, 41, 'a#1', { grace: 1_000 })])).toEqual(STALE);
  });

  it('is blamed in one line that says who, what and when', () => {
    const [violation] = checkHistory([load('a', 10, 11), removal('a', 20, 21.5), read('b', 40, 41, 'a#1')]);
    expect(violation!.message).toBe(
      "stale after a change: b read 'k' as a#1 from 40 to 41: a loaded 'k' as a#1 from 10 to 11; " +
        "a deleted 'k' from 20 to 21.5, which all had to know from 21.5 on",
    );
    expect(violation!.records.map((record) => record.do)).toEqual(['read', 'load', 'remove']);
  });
});

describe('a value from nowhere', () => {
  it('was never made, or not for this key, or not yet', () => {
    const never = ['never stored'];
    expect(rules([read('a', 10, 11, 'x')])).toEqual(never);
    expect(rules([load('a', 1, 2, { key: 'other' }), read('a', 10, 11, 'a#1')])).toEqual(never);
    expect(rules([load('a', 20, 21), read('a', 10, 11, 'a#1')])).toEqual(never);
    expect(rules([read('a', 10, 11, null)])).toEqual(FINE);
  });

  it('was taken by two', () => {
    const taken = { taken: true };
    const took = [read('a', 10, 12, 'a#1', taken), read('b', 11, 13, 'a#1', taken)];
    expect(rules([load('a', 1, 2), ...took])).toEqual(['taken twice']);
    expect(rules([load('a', 1, 2), took[0]!, read('b', 11, 13, 'a#1')])).toEqual(FINE);
  });
});

describe('a value past its end', () => {
  const PAST = ['served past its end'];
  const loaded = load('a', 10, 20, { stored: 25, ttl: 100, grace: 50 });

  it('is no hit, and stale within its grace for those only who take it', () => {
    expect(rules([loaded, read('a', 125, 126, 'a#1')])).toEqual(FINE);
    expect(rules([loaded, read('a', 126, 127, 'a#1')])).toEqual(PAST);
    expect(rules([loaded, read('a', 175, 176, 'a#1', { grace: null })])).toEqual(FINE);
    expect(rules([loaded, read('a', 176, 177, 'a#1', { grace: null })])).toEqual(PAST);
    expect(rules([loaded, read('a', 156, 157, 'a#1', { grace: 30 })])).toEqual(PAST);
  });

  it('may be late by as much as is allowed, and where nobody knows when it was stored', () => {
    expect(rules([loaded, read('a', 126, 127, 'a#1')], { overrun: 2 })).toEqual(FINE);
    expect(rules([{ ...loaded, stored: null }, read('a', 1_000, 1_001, 'a#1')])).toEqual(FINE);
  });

  it('lives on when it is touched', () => {
    const touch = at<HistoryRecord>('b', 100, 101, { do: 'touch', ...K, ttl: 200 });
    expect(rules([loaded, touch, read('a', 300, 301, 'a#1')])).toEqual(FINE);
    expect(rules([loaded, touch, read('a', 302, 303, 'a#1')])).toEqual(PAST);
  });
});

describe('two loads at once', () => {
  const TWO = ['two loads at once'];
  const [first, second] = [load('a', 10, 30), load('a', 20, 40, { version: 'a#2' })];
  const elsewhere = load('b', 20, 40);

  it('are one too many in one node, and in the fleet where that is promised', () => {
    expect(rules([first, second])).toEqual(TWO);
    expect(rules([first, elsewhere])).toEqual(FINE);
    expect(rules([first, elsewhere], { fleet: true })).toEqual(TWO);
    expect(rules([first, load('a', 31, 40)])).toEqual(FINE);
  });

  it.each<readonly [string, HistoryRecord]>([
    ['the key is deleted', removal('b', 15, 16)],
    ['somebody tries to delete it', removal('b', 5, 6, { failed: true, acknowledged: null })],
    ['one of its tags is invalidated', invalidation('b', 15, 16)],
    ['it is touched', at('b', 15, 16, { do: 'touch', ...K, ttl: 1 })],
    ['it is loaded by force', load('b', 12, 16, { joinable: false })],
    ['a node has trouble', at('b', 1, 16, { do: 'trouble', what: 'partitioned', loses: false })],
  ])('are as they should be when %s', (_, reason) => {
    const tagged = { ...first, tags: ['t'], watched: ['t'] };
    expect(rules([tagged, second, reason])).toEqual(FINE);
    const later = { ...reason, begin: 50, end: 51, ...('acknowledged' in reason ? { acknowledged: 51 } : {}) };
    expect(rules([tagged, second, later])).toEqual(TWO);
  });

  it('are as they should be when something happened after the right to load was asked for', () => {
    expect(rules([{ ...first, asked: 5 }, second, removal('b', 4, 6)])).toEqual(FINE);
    expect(rules([first, { ...second, asked: 5 }, removal('b', 4, 6)])).toEqual(FINE);
    expect(rules([first, second, removal('b', 4, 6)])).toEqual(TWO);
  });
});

describe('a sum', () => {
  const MISCOUNTED = ['miscounted'];

  it('must not miss what was added before', () => {
    expect(rules([count('a', 1, 2, 1), count('b', 3, 4, 2)])).toEqual(FINE);
    expect(rules([count('a', 1, 2, 1), count('b', 3, 4, 1)])).toEqual(MISCOUNTED);
    expect(rules([count('a', 1, 2, 1), count('b', 3, 4, 3)])).toEqual(MISCOUNTED);
  });

  it('may have what was added at the same time, or not', () => {
    const both = (a: number, b: number, c: number): History => [
      count('a', 1, 2, 1),
      count('a', 3, 6, a),
      count('b', 4, 7, b),
      count('a', 8, 9, c),
    ];
    expect(rules(both(2, 3, 4))).toEqual(FINE);
    expect(rules(both(3, 2, 4))).toEqual(FINE);
    expect(rules(both(3, 2, 3))).toEqual(MISCOUNTED);
  });

  it('may begin again after a failure, a delete or a loss', () => {
    const [one, again] = [count('a', 1, 2, 1), count('a', 9, 10, 1)];
    expect(rules([one, count('b', 3, 4, null), again])).toEqual(FINE);
    expect(rules([one, removal('b', 3, 4), again])).toEqual(FINE);
    expect(rules([one, at('*', 3, 4, { do: 'trouble', what: 'restart', loses: true }), again])).toEqual(FINE);
    expect(rules([one, at('*', 3, 4, { do: 'trouble', what: 'partition', loses: false }), again])).toEqual(MISCOUNTED);
  });
});
