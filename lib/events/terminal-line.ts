/** The part of a terminal that is needed to write on it. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Milliseconds between two pictures. */
const STEP = 100;
const WIDTH = 24;
let taken = false;

/** A bar at the bottom of a terminal, drawn over and over while something goes on. There is one at a time. */
export class TerminalLine {
  #drawn = -Infinity;

  private constructor(private readonly terminal: Terminal) {}

  /** Undefined where there is no terminal, or something else has its line. Whoever gets it has to give it back. */
  static take(terminal: Terminal = process.stderr): TerminalLine | undefined {
    if (terminal.isTTY !== true || taken) return undefined;
    taken = true;
    return new TerminalLine(terminal);
  }

  /** @param part how much is done, 0 to 1; undefined where nobody knows */
  draw(part: number | undefined, text: string): void {
    const now = performance.now();
    if (now - this.#drawn < STEP) return;
    this.#drawn = now;
    const full = Math.round((part ?? 0) * WIDTH);
    const bar = part === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] `;
    // The cursor goes back to the left: what is logged meanwhile is written over the bar, not behind it.
    this.terminal.write(`\r\u001B[K${bar}${text}\r`);
  }

  /** Wipes the line and gives it back. */
  end(): void {
    this.terminal.write('\r\u001B[K');
    taken = false;
  }
}
