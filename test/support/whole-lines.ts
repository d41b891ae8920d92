import { existsSync, readFileSync } from 'node:fs';

/** The lines of a log whose writer may have been killed within the last one, or before the first. */
export function wholeLines(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
}
