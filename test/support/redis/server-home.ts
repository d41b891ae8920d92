import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one server, and the port that goes with it. */
export interface ServerHome {
  readonly port: number;
  readonly directory: string;
}

/**
 * Below the ports that systems give to outgoing connections, so that a port that is given up for a moment is still
 * free afterwards; and 10000 above each is free for the bus of a cluster.
 */
const PORTS = { from: 10_000, to: 20_000 };

/** A port that is likely to be free, and to stay so. */
export function randomPort(): number {
  return randomInt(PORTS.from, PORTS.to);
}

/** A directory whose name claims a port: no other test of this machine, in whatever process, takes it meanwhile. */
export function claimHome(): ServerHome {
  for (;;) {
    const port = randomPort();
    const directory = join(tmpdir(), `blossom-redis-${port}`);
    try {
      mkdirSync(directory, { mode: 0o700 });
      return { port, directory };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A directory for a server whose port has been chosen by somebody else. */
export function homeAt(port: number): ServerHome {
  return { port, directory: mkdtempSync(join(tmpdir(), `blossom-redis-${port}-`)) };
}
