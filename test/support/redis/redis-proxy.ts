import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { ProxiedConnection, type Direction } from './proxied-connection.js';
import type { LaneConditions } from './proxy-lane.js';
import { randomPort } from './server-home.js';

const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];

/** A network that misbehaves on demand, between clients of this process and a server on 127.0.0.1. */
export class RedisProxy {
  readonly port: number;
  readonly #target: number;
  readonly #conditions: Readonly<Record<Direction, LaneConditions>> = {
    toServer: { delay: 0, frozen: false },
    toClient: { delay: 0, frozen: false },
  };
  readonly #connections = new Set<ProxiedConnection>();
  #listening: Server | undefined;

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
  }

  /** Listens on a free port of 127.0.0.1, and passes on to the target's. */
  static async start(target: number): Promise<RedisProxy> {
    for (;;) {
      const proxy = new RedisProxy(randomPort(), target);
      try {
        await proxy.accept();
        return proxy;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  /** How many clients are connected. */
  get connections(): number {
    return [...this.#connections].filter(({ open }) => open).length;
  }

  /** What arrives from now on leaves that many milliseconds later. */
  delay(ms: number, directions = DIRECTIONS): void {
    for (const direction of directions) this.#conditions[direction].delay = ms;
  }

  /** Takes connections and whatever is sent, and passes nothing on, not even that one side has closed. */
  freeze(directions = DIRECTIONS): void {
    for (const direction of directions) this.#conditions[direction].frozen = true;
  }

  /** Passes on what was held, in order. */
  thaw(directions = DIRECTIONS): void {
    for (const direction of directions) this.#conditions[direction].frozen = false;
    for (const connection of this.#connections) connection.release();
  }

  /** Destroys all connections, with what is held of them. New ones are possible. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
    this.#connections.clear();
  }

  /** New connections are refused from now on; those that are there stay. */
  refuse(): void {
    this.#listening?.close();
    this.#listening = undefined;
  }

  /** Takes connections again. */
  async accept(): Promise<void> {
    if (this.#listening !== undefined) return;
    const listening = createServer({ allowHalfOpen: true }, (client) => {
      this.#connections.add(new ProxiedConnection(client, this.#target, this.#conditions));
    });
    listening.listen(this.port, '127.0.0.1').unref();
    await once(listening, 'listening');
    this.#listening = listening;
  }

  /** Sends these bytes to every client that is connected, as if the server had. */
  garbage(bytes: Buffer | string): void {
    for (const connection of this.#connections) connection.inject(Buffer.from(bytes));
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.refuse();
    this.cut();
  }
}
