import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const ADVICE =
  'Install Redis 6 or later, so that redis-server is on PATH, or set BLOSSOM_REDIS_SERVER to the path of one';

/** The path of `redis-server`; where there is none, the system's package manager is asked for it. */
export function redisBinary(): string {
  const chosen = process.env.BLOSSOM_REDIS_SERVER ?? find('redis-server') ?? install();
  if (chosen === undefined || !mayRun(chosen)) throw new Error(`There is no ${chosen ?? 'redis-server'}. ${ADVICE}`);
  return chosen;
}

function install(): string | undefined {
  for (const [program = '', ...args] of installations()) {
    console.log(`redis-server is not installed; running: ${[program, ...args].join(' ')}`);
    spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const found = find('redis-server');
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What may bring it, in the order to try. RUNLEVEL keeps Debian from starting it as a service. */
function installations(): string[][] {
  if (find('apt-get') !== undefined) {
    const apt = [...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'env', 'RUNLEVEL=1', 'apt-get', '-q'];
    const installation = [...apt, 'install', '-y', '--no-install-recommends', 'redis-server'];
    return [installation, [...apt, 'update'], installation];
  }
  return find('brew') === undefined ? [] : [['brew', 'install', 'redis']];
}

function find(program: string): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...PLACES];
  return places.map((place) => join(place, program)).find(mayRun);
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
