import { readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificates, type Certificates } from './certificates.js';
import { redisPath } from './find-redis.js';
import { commandOnce, type RedisAddress } from './redis-connection.js';
import type { RedisArgument } from './resp.js';
import { claimHome, homeAt, type ServerHome } from './server-home.js';
import { ServerProcess } from './server-process.js';

/** How a server is to run. */
export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** What else is given to `redis-server`, such as `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[];
  /** Lines of the file of settings, which the server may rewrite. */
  readonly settings?: readonly string[];
  /** Listens for TLS alone, with a certificate of an authority of its own. Default: false. */
  readonly tls?: boolean;
  /** With it, and a password, the default user may not enter. */
  readonly username?: string;
  readonly password?: string;
  /** Where the server keeps its files. Default: a directory that is removed when it stops. */
  readonly dir?: string;
}

/** Milliseconds in which a server has to be ready. */
const START = 10_000;
/** How many ports are tried, where others listen on them. */
const ATTEMPTS = 20;
const running = new Set<RedisServer>();

/** One real server, on 127.0.0.1. It keeps nothing on disk unless told to, and does not outlive the tests' process. */
export class RedisServer implements RedisAddress {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly #options: RedisServerOptions;
  readonly #home: string;
  #certificates: Certificates | undefined;
  #process: ServerProcess | undefined;
  #frozen = false;

  private constructor(options: RedisServerOptions, home: ServerHome) {
    this.port = home.port;
    this.username = options.username;
    this.password = options.password;
    this.#options = options;
    this.#home = home.directory;
    running.add(this);
  }

  /** Resolves when it answers; rejects with what it printed where it does not come to that. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let left = options.port === undefined ? ATTEMPTS : 1; ; left -= 1) {
      const server = new RedisServer(options, options.port === undefined ? claimHome() : homeAt(options.port));
      try {
        await server.#prepare();
        await server.#launch();
        return server;
      } catch (error) {
        await server.stop();
        if (left === 1 || !/address already in use/i.test(String(error))) throw error;
      }
    }
  }

  /** With the credentials, if it wants some. */
  get url(): string {
    const { username = '', password, port } = this;
    const credentials =
      password === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
    return `${this.#options.tls === true ? 'rediss' : 'redis'}://${credentials}${this.host}:${port}`;
  }

  /** PEM of the authority that signed its certificate, where it listens for TLS. */
  get ca(): string | undefined {
    return this.#certificates?.ca;
  }

  /** What its authority has signed; throws where it does not listen for TLS. */
  get certificates(): Certificates {
    if (this.#certificates === undefined) throw new Error('The server was not started with tls');
    return this.#certificates;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error('The server was never started');
    return this.#process.pid;
  }

  /** What the server has printed so far. */
  get log(): string {
    return readFileSync(join(this.#home, 'redis.log'), 'utf8');
  }

  /** Whether it runs and is not frozen. */
  get responsive(): boolean {
    return this.#process?.running === true && !this.#frozen;
  }

  /** The reply to one command over a connection of its own; rejects with the server's message, or after 10 seconds. */
  command(...args: readonly RedisArgument[]): Promise<unknown> {
    return commandOnce(this, args);
  }

  /** Stops it (SIGSTOP): connections stay open, and nothing is answered. */
  freeze(): void {
    this.#frozen = true;
    this.#process?.signal('SIGSTOP');
  }

  /** It goes on, and answers what it was asked meanwhile. */
  thaw(): void {
    this.#process?.signal('SIGCONT');
    this.#frozen = false;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Kills it if it runs, and starts it on the same port; empty, unless it was told to keep something on disk. */
  async restart(): Promise<void> {
    await this.#process?.release();
    await this.#launch();
  }

  /** Ends it, frozen or not, and removes its directory. Idempotent. */
  async stop(): Promise<void> {
    running.delete(this);
    await this.#process?.release();
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    if (this.#options.tls === true) this.#certificates = await makeCertificates(this.#home);
    await writeFile(join(this.#home, 'redis.conf'), this.#settings(), { mode: 0o600 });
  }

  async #launch(): Promise<void> {
    this.#frozen = false;
    const args = [join(this.#home, 'redis.conf'), ...(this.#options.args ?? [])];
    const log = join(this.#home, 'redis.log');
    this.#process = new ServerProcess({ program: redisPath(), args, log, directory: this.#home });
    await this.#answering(this.#process);
  }

  async #answering(process: ServerProcess): Promise<void> {
    const deadline = Date.now() + START;
    while (process.running && Date.now() < deadline) {
      if (await Promise.race([this.#answers(process.pid), process.ended])) return;
      await sleep(5);
    }
    throw new Error(`redis-server ${process.running ? 'does not answer' : 'has ended'}:\n${this.log}`);
  }

  /** Whether it is this process that answers on the port, and not somebody else's. */
  async #answers(pid: number): Promise<boolean> {
    try {
      await this.command('PING');
      return String(await this.command('INFO', 'server')).includes(`process_id:${pid}\r\n`);
    } catch {
      return false;
    }
  }

  #settings(): string {
    const { dir = this.#home, settings = [] } = this.#options;
    const files = [`dir ${JSON.stringify(dir)}`, 'save ""', 'appendonly no'];
    return [`bind ${this.host}`, ...this.#listening(), ...files, ...this.#access(), ...settings, ''].join('\n');
  }

  #listening(): readonly string[] {
    if (this.#certificates === undefined) return [`port ${this.port}`];
    const { ca, cert, key } = this.#certificates.files;
    const named = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': ca };
    const files = Object.entries(named).map(([setting, file]) => `${setting} ${JSON.stringify(file)}`);
    return ['port 0', `tls-port ${this.port}`, ...files, 'tls-auth-clients no'];
  }

  #access(): readonly string[] {
    const { username, password } = this;
    if (password === undefined) return [];
    if (username === undefined) return [`requirepass ${JSON.stringify(password)}`];
    return ['user default off', `user ${username} on ${JSON.stringify(`>${password}`)} ~* &* +@all`];
  }
}

/** Ends whatever a test has left running. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}
