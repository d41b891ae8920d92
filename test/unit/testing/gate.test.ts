import { describe, expect, it } from 'vitest';
import { Gate } from '../../../lib/testing/gate.js';
import { openCache } from '../../support/open-cache.js';

describe('Gate', () => {
  it('holds a load open, for all who wait for it', async () => {
    const [cache, gate] = [openCache(), new Gate()];
    const answers = Promise.all([1, 2, 3].map(() => cache.getOrSet('k', () => gate.hold('loaded'))));
    await gate.entered;
    expect([gate.inside, gate.visits]).toEqual([1, 1]);
    gate.open();
    expect(await answers).toEqual(['loaded', 'loaded', 'loaded']);
    expect([gate.inside, gate.visits]).toEqual([0, 1]);
  });

  it('lets everybody through once it was opened', async () => {
    const gate = new Gate();
    gate.open();
    expect(await gate.hold(1)).toBe(1);
    expect(gate.visits).toBe(1);
  });

  it('fails those who wait and those who come', async () => {
    const gate = new Gate();
    const waiting = gate.hold(1);
    gate.fail(new Error('the source failed'));
    await expect(waiting).rejects.toThrow('the source failed');
    await expect(gate.hold(2)).rejects.toThrow('the source failed');
    expect(gate.inside).toBe(0);
  });
});
