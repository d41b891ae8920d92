import type { Awaitable } from '../../../support/awaitable.js';
import { Link, type Open } from './link.js';
import type { ServerError } from './server-error.js';
import type { Redirection, Servers } from './servers.js';
import type { Session } from './session.js';

/** Milliseconds between two attempts to find another server in the place of one that refuses to write. */
const LOOK_AGAIN = 5_000;

/** One server that has every key; who that is may change, as `open` finds out. */
export class OneServer implements Servers {
  readonly #link: Link;
  #looked = -Infinity;

  constructor(
    open: Open,
    patience: number,
    /** Whether keys may lie on different servers behind it. */
    readonly split = false,
  ) {
    this.#link = new Link(open, patience);
  }

  session(_name: string): Awaitable<Session> {
    return this.#link.session;
  }

  /** A replica was a master once, or its name stands for another server now. */
  redirect(_name: string, { reply }: ServerError, session: Session): Redirection | undefined {
    if (reply !== 'READONLY' || this.#link.current !== session) return undefined;
    const now = performance.now();
    if (now - this.#looked > LOOK_AGAIN) {
      this.#looked = now;
      this.#link.renew('the Redis server has become a replica');
    }
    return undefined;
  }

  sessions(): readonly Session[] {
    const { current } = this.#link;
    return current === undefined ? [] : [current];
  }

  close(): void {
    this.#link.close();
  }
}
