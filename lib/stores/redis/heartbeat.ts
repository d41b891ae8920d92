import type { RedisBackend } from './redis.backend.js';

/** How often in the time for which a silent server is trusted it is asked for a sign of life. */
const BEATS = 4;
/** Milliseconds between two signs of use to the server: what is known here looks idle there, and would be evicted first. */
const USES = 60_000;

/** Keeps up what is known here of the servers: that they are there, what time they have, and that the stamps are in use. */
export class Heartbeat {
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(private readonly backend: RedisBackend) {
    const { near, commands, maxStaleness } = backend;
    if (near || commands.split) this.#every(Math.min(maxStaleness / BEATS, USES), () => this.#beat());
    this.#every(USES, () => this.#use());
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #every(milliseconds: number, task: () => void): void {
    this.#timers.push(setInterval(task, milliseconds).unref());
  }

  /** A server that answers, but has no say any more, would answer a ping. */
  #beat(): void {
    for (const session of this.backend.commands.servers.sessions()) {
      if (session.lastRead !== undefined) session.send(['EXISTS', session.lastRead]).catch(() => {});
    }
  }

  #use(): void {
    const { stamps, commands } = this.backend;
    for (const session of commands.servers.sessions()) session.measureTime().catch(() => {});
    for (const name of stamps.takeUsed()) commands.send(name, ['TOUCH', name]).catch(() => {});
  }
}
