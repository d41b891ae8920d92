import type { Scheduler } from 'fast-check';
import { createClient } from '@redis/client';

/** What a connection carries to its client, in the order in which the server sent it. */
type Message = () => void;

type Client = ReturnType<typeof createClient>;

interface Sent {
  readonly command: readonly (string | Buffer)[];
  readonly options: object;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A network whose delays are the scheduler's: commands reach a real server one at a time, and what it answers and announces
 * waits to be delivered. Nothing overtakes anything else on the same connection.
 */
export class Stage {
  readonly #connections: StagedConnection[] = [];
  /** Before that everything passes at once. */
  open = false;
  #turn = 0;

  constructor(
    readonly port: number,
    private readonly scheduler: Scheduler,
    /** How many messages arrive in one piece, time after time. */
    private readonly pieces: readonly number[],
  ) {}

  /** A client as an application has it: what it is copied for goes over this network. */
  client(node: number): object {
    return {
      withTypeMapping: () => {},
      duplicate: (options: object) => {
        const connection = new StagedConnection(this, node, options);
        this.#connections.push(connection);
        return connection;
      },
    };
  }

  /** Calls `then` when all that is on its way to that node now has arrived there. */
  whenDelivered(node: number, then: () => void): void {
    const behind = this.#connections.filter((connection) => connection.node === node && connection.waiting);
    let left = behind.length;
    if (left === 0) then();
    for (const connection of behind) connection.after(() => (left -= 1) === 0 && then());
  }

  /** When the scheduler comes to it. */
  later(label: string, builder: () => Promise<void>): void {
    this.scheduler.scheduleSequence([{ label, builder }]);
  }

  nextPiece(): number {
    this.#turn += 1;
    return this.pieces[this.#turn % this.pieces.length]!;
  }

  /** Resolves when every announcement that was made so far has come here, where it waits to be delivered. */
  async gather(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.reach()));
    for (const connection of this.#connections) connection.take();
  }
}

class StagedConnection {
  readonly #client: Client;
  readonly #listeners: ((key: Buffer | null) => void)[] = [];
  readonly #sent: Sent[] = [];
  readonly #announced: Message[] = [];
  #arriving: Message[] = [];
  #live = true;

  constructor(
    private readonly stage: Stage,
    readonly node: number,
    options: object,
  ) {
    this.#client = createClient({
      ...options,
      socket: { port: stage.port, host: '127.0.0.1', reconnectStrategy: false },
    });
    this.#client.on('error', () => {});
    this.#client.on('invalidate' as 'error', (key: unknown) => this.#hear(key as Buffer | null));
  }

  get waiting(): boolean {
    return this.#live && this.#arriving.length > 0;
  }

  connect(): Promise<unknown> {
    return this.#client.connect();
  }

  on(event: string, listener: (key: Buffer | null) => void): void {
    if (event === 'invalidate') this.#listeners.push(listener);
  }

  destroy(): void {
    this.#live = false;
    this.#client.destroy();
  }

  sendCommand(command: Sent['command'], options: object): Promise<unknown> {
    if (!this.stage.open) return this.#client.sendCommand([...command], options);
    return new Promise((resolve, reject) => {
      this.#sent.push({ command, options, resolve, reject });
      this.stage.later(`send ${this.node} ${String(command[0])}`, () => this.#execute());
    });
  }

  /** What the server has announced over this connection so far has come here afterwards. */
  async reach(): Promise<void> {
    if (this.#live) await this.#client.sendCommand(['PING']).catch(() => {});
  }

  /** Announcements that have come here wait behind what came before. */
  take(): void {
    for (const message of this.#announced.splice(0)) this.#arrive(message);
  }

  after(message: Message): void {
    this.#arrive(message);
  }

  /** The server does what was sent first. Its own announcements of that follow the reply. */
  async #execute(): Promise<void> {
    const sent = this.#sent.shift();
    if (sent === undefined) return;
    const { command, options, resolve, reject } = sent;
    const done = this.#client.sendCommand([...command], options).then(
      (reply): Message =>
        () =>
          resolve(reply),
      (error: unknown): Message =>
        () =>
          reject(error),
    );
    // It is about the command after it, and nothing may come between them.
    const next = command[0] === 'CLIENT' ? this.#execute() : undefined;
    this.#arrive(await done);
    await next;
    if (!READS.has(String(command[0]))) await this.stage.gather();
  }

  #hear(key: Buffer | null): void {
    const message = (): void => this.#listeners.forEach((listener) => listener(key));
    if (this.stage.open) this.#announced.push(message);
    else message();
  }

  #arrive(message: Message): void {
    this.#arriving.push(message);
    this.stage.later(`deliver ${this.node}`, () => this.#deliver());
  }

  async #deliver(): Promise<void> {
    for (const message of this.#arriving.splice(0, this.stage.nextPiece())) message();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const READS: ReadonlySet<string> = new Set(['GET', 'MGET', 'CLIENT', 'EXISTS', 'TOUCH']);
