import { describe, expect, it } from 'vitest';
import { draft, openGuarded, turns } from './guarded-rig.js';

describe('the state of the backend', () => {
  it('is told once per change', async () => {
    const rig = openGuarded();
    for (let round = 0; round < 3; round += 1) {
      rig.faults.cut();
      for (let i = 0; i < 10; i += 1) {
        await rig.hit('k');
        await rig.space.write('k', draft(1));
        await rig.space.lease('l', [], 'load');
      }
      rig.faults.heal();
      for (let i = 0; i < 3; i += 1) {
        await rig.hit('k');
        await rig.space.write('k', draft(1));
      }
      rig.clock.advance(120_000);
      await turns();
    }
    expect(rig.states).toEqual(['outage', 'recovery 1', 'outage', 'recovery 1', 'outage', 'recovery 1']);
  });

  it('is bad while writes fail, however much can be read, removed and delivered', async () => {
    const rig = openGuarded();
    rig.faults.fail('write', 'lease');
    await rig.other.write('k', draft(1));
    for (let i = 0; i < 50; i += 1) {
      await rig.space.write(`w${i}`, draft(1));
      expect(await rig.hit('k')).toBe(1);
      await rig.space.remove('r');
      rig.clock.advance(300);
      await turns();
    }
    expect(rig.store.pendingEvictions).toBe(0);
    expect(rig.states).toEqual(['outage']);
    rig.faults.heal();
    rig.clock.advance(5_000);
    await turns();
    expect(rig.states).toEqual(['outage', 'recovery 50']);
  });

  it('is bad while reads fail, however much can be written', async () => {
    const rig = openGuarded();
    rig.faults.fail('read');
    for (let i = 0; i < 20; i += 1) {
      await rig.hit('k');
      await rig.space.write('w', draft(1));
      await rig.space.remove('r');
    }
    expect(rig.states).toEqual(['outage']);
    rig.faults.heal();
    await rig.hit('k');
    expect(rig.states).toEqual(['outage', 'recovery 0']);
  });

  it('of a backend that comes and goes is told less and less often', async () => {
    const rig = openGuarded();
    for (let second = 0; second < 600; second += 1) {
      rig.faults.fail('write');
      await rig.space.write('large', draft(1));
      rig.faults.heal();
      await rig.space.write('small', draft(1));
      rig.clock.advance(500);
      await turns();
      await rig.space.write('small', draft(1));
      rig.clock.advance(500);
      await turns();
    }
    expect(rig.states.length).toBeLessThan(6);
    expect(rig.events.counts.error).toBe(600);
  });

  it('is good again at once after a single outage, and later after the second in a minute', async () => {
    const rig = openGuarded();
    const failOnce = async (): Promise<void> => {
      rig.faults.fail('write');
      await rig.space.write('k', draft(1));
      rig.faults.heal();
      await rig.space.write('k', draft(1));
    };
    await failOnce();
    expect(rig.states).toEqual(['outage', 'recovery 1']);
    await failOnce();
    expect(rig.states).toHaveLength(3);
    expect(await rig.hit('k')).toBe(1);
    rig.clock.advance(1_000);
    await rig.hit('k');
    expect(rig.states).toHaveLength(4);
    rig.clock.advance(60_000);
    await failOnce();
    expect(rig.states).toHaveLength(6);
  });

  it('may be asked of the cache by whoever hears of it', async () => {
    const rig = openGuarded();
    const heard: unknown[] = [];
    rig.events.on('outage', () => heard.push(rig.space.remove('x'), rig.store.pendingEvictions));
    rig.events.on('recovery', () => heard.push(rig.space.write('x', draft('v'))));
    rig.faults.cut();
    await rig.space.remove('k');
    rig.faults.heal();
    await rig.space.write('k', draft(1));
    expect(heard).toEqual([false, 1, undefined]);
    expect(await rig.hit('x')).toBe('v');
    expect(rig.states).toEqual(['outage', 'recovery 2']);
  });
});
