import { connect, type Socket } from 'node:net';
import { ProxyLane, type LaneConditions } from './proxy-lane.js';

/** The ways through a proxy. */
export type Direction = 'toServer' | 'toClient';

/** One client's connection, and the one that was made to the server for it. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #lanes: Readonly<Record<Direction, ProxyLane>>;

  /** @param client allows for half-open connections */
  constructor(client: Socket, target: number, conditions: Readonly<Record<Direction, LaneConditions>>) {
    this.#client = client;
    this.#server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    this.#lanes = { toServer: new ProxyLane(conditions.toServer), toClient: new ProxyLane(conditions.toClient) };
    relay(client, this.#server, this.#lanes.toServer);
    relay(this.#server, client, this.#lanes.toClient);
  }

  /** Whether the client has it open still. */
  get open(): boolean {
    return !this.#client.destroyed;
  }

  /** Lets out what is due. */
  release(): void {
    for (const lane of Object.values(this.#lanes)) lane.release();
  }

  /** Sends the client what the server never sent, in its turn. */
  inject(bytes: Buffer): void {
    this.#lanes.toClient.arrive(() => this.#client.write(bytes));
  }

  cut(): void {
    for (const lane of Object.values(this.#lanes)) lane.drop();
    this.#client.destroy();
    this.#server.destroy();
  }
}

function relay(from: Socket, to: Socket, lane: ProxyLane): void {
  from.setNoDelay();
  from.on('data', (bytes) => lane.arrive(() => to.write(bytes)));
  from.on('end', () => lane.arrive(() => to.end()));
  from.on('error', () => lane.arrive(() => to.resetAndDestroy()));
}
