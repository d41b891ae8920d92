import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeCommand, readReply, RedisReplyError, type RedisArgument } from './resp.js';

/** Where a server listens, and how it is entered. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the server's certificate; without it the connection is not encrypted. */
  readonly ca?: string | undefined;
}

interface Waiting {
  readonly readBulk: (bytes: Buffer) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds that a server has to connect or to answer a command. */
const PATIENCE = 10_000;

/** A connection of the tests' own, so that what a client library does can be judged from outside. */
export class RedisConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #arrived: Buffer = Buffer.alloc(0);
  #failure: Error | undefined;

  private constructor({ host, port, ca }: RedisAddress) {
    this.#socket = ca === undefined ? connectPlain(port, host) : connectTls({ host, port, ca });
    this.#socket.setNoDelay();
    this.#socket.setTimeout(PATIENCE, () => this.#fail(new Error(`No answer from port ${port} in ${PATIENCE} ms`)));
    this.#socket.on('data', (bytes) => this.#read(bytes));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error(`The connection to port ${port} was closed`)));
  }

  /** Connects and authenticates; rejects where the server cannot be reached or does not let it in. */
  static async open(address: RedisAddress): Promise<RedisConnection> {
    const connection = new RedisConnection(address);
    const { username, password } = address;
    if (password === undefined) return connection;
    await connection.command('AUTH', ...(username === undefined ? [] : [username]), password);
    return connection;
  }

  /** The server's reply, strings as text; rejects with a {@link RedisReplyError} where it is an error. */
  command(...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#send(args, (bytes) => bytes.toString());
  }

  /** As `command`, with strings as bytes. */
  commandForBytes(...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#send(args, (bytes) => Buffer.from(bytes));
  }

  /** Idempotent. What has not been answered is rejected. */
  close(): void {
    this.#fail(new Error('The connection was closed by its owner'));
  }

  #send(args: readonly RedisArgument[], readBulk: Waiting['readBulk']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push({ readBulk, resolve, reject });
      this.#socket.write(encodeCommand(args));
    });
  }

  #read(bytes: Buffer): void {
    this.#arrived = Buffer.concat([this.#arrived, bytes]);
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        const reply = readReply(this.#arrived, 0, next.readBulk);
        if (reply === undefined) return;
        this.#arrived = this.#arrived.subarray(reply.end);
        this.#waiting.shift();
        if (reply.value instanceof RedisReplyError) next.reject(reply.value);
        else next.resolve(reply.value);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** One command over a connection of its own. */
export async function commandOnce(address: RedisAddress, args: readonly RedisArgument[]): Promise<unknown> {
  const connection = await RedisConnection.open(address);
  try {
    return await connection.command(...args);
  } finally {
    connection.close();
  }
}
