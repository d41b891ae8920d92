import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it that are missing, for their owner alone. Node's own `recursive` runs for ever where
 * the file system says of a new directory that the one above it is missing, although it is there: so does `/proc`.
 */
export function makeDirectory(path: string): void {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) makeDirectory(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
