import { afterEach, describe, expect, it, vi } from 'vitest';
import { TerminalLine, type Terminal } from '../../lib/events/terminal-line.js';
import { openCache } from '../support/open-cache.js';

const WIPE = '\r\u001B[K';

function terminal(isTTY: boolean): Terminal & { readonly written: string[] } {
  const written: string[] = [];
  return { isTTY, written, write: (text) => written.push(text) };
}

afterEach(() => vi.restoreAllMocks());

describe('a line at the bottom of a terminal', () => {
  it('is drawn over and over, at most ten times a second, and wiped in the end', () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const screen = terminal(true);
    const line = TerminalLine.take(screen)!;
    line.draw(0.5, '5 of 10 (50 %)');
    now = 99;
    line.draw(0.6, '6 of 10 (60 %)');
    now = 100;
    line.draw(1, '10 of 10 (100 %)');
    now = 200;
    line.draw(undefined, '7');
    line.end();
    expect(screen.written).toEqual([
      `${WIPE}[############............] 5 of 10 (50 %)\r`,
      `${WIPE}[########################] 10 of 10 (100 %)\r`,
      `${WIPE}7\r`,
      WIPE,
    ]);
  });

  it('is one at a time', () => {
    const first = TerminalLine.take(terminal(true))!;
    expect(TerminalLine.take(terminal(true))).toBeUndefined();
    first.end();
    TerminalLine.take(terminal(true))!.end();
  });

  it('is none where there is no terminal', () => {
    expect(TerminalLine.take(terminal(false))).toBeUndefined();
    expect(TerminalLine.take({ write: () => {} })).toBeUndefined();
  });
});

describe('a warming on a terminal', () => {
  const items = [{ key: 'secret', load: () => 1 }];

  it.each([
    [true, undefined, true],
    [true, false, false],
    [false, undefined, false],
  ])('draws its line: terminal %s, log %s: %s', async (isTTY, log, draws) => {
    const screen = terminal(isTTY);
    vi.spyOn(process, 'stderr', 'get').mockReturnValue(screen as never);
    const cache = openCache({ log: { info: () => {}, warn: () => {} } });
    await cache.warm(items, { log });
    expect(screen.written).toEqual(draws ? [`${WIPE}[########################] 1 of 1 (100 %)\r`, WIPE] : []);
  });

  it('gives the line back also where it is refused', async () => {
    const screen = terminal(true);
    vi.spyOn(process, 'stderr', 'get').mockReturnValue(screen as never);
    const cache = openCache({ log: { info: () => {}, warn: () => {} } });
    await expect(cache.warm([5 as never].values())).rejects.toThrow('warm: item 0 must be');
    TerminalLine.take(screen)!.end();
  });
});
