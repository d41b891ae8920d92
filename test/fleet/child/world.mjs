import { createClient } from '@redis/client';

export const KEYS = 50;
const GROUPS = 10;

/** The tag of a key. */
export function groupOf(key) {
  return `g${key % GROUPS}`;
}

/** The keys that have a tag. */
export function keysOf(group) {
  return Array.from({ length: KEYS }, (_, key) => key).filter((key) => groupOf(key) === `g${group}`);
}

export { GROUPS };

/** The source of truth, which nothing disturbs: a version of each key, which only grows. */
export class Source {
  #client;

  static async open(port) {
    const source = new Source();
    source.#client = createClient({ socket: { port, host: '127.0.0.1' }, commandOptions: { timeout: 0 } });
    source.#client.on('error', () => {});
    await source.#client.connect();
    return source;
  }

  async version(key) {
    return Number((await this.#client.sendCommand(['GET', `v${key}`])) ?? 0);
  }

  bump(key) {
    return this.#client.sendCommand(['INCR', `v${key}`]);
  }
}
