import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { redisBinary } from './redis-binary.js';

const START_MS = 5_000;

/** A Redis of the fleet's own: on a free port, with nothing on disk. */
export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    process.on('exit', this.kill);
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'allkeys-lru'];
    const child = spawn(redisBinary(), args, { stdio: 'ignore' });
    await once(child, 'spawn');
    const server = new RedisServer(child, port);
    await server.answers();
    return server;
  }

  /** SIGSTOP: connections stay open, and nothing is answered. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    process.off('exit', this.kill);
    const gone = once(this.child, 'exit');
    this.kill();
    await gone;
  }

  /** Works on a frozen process, too. */
  private readonly kill = (): void => {
    this.child.kill('SIGKILL');
  };

  private async answers(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline && this.child.exitCode === null) {
      const client = createClient({ socket: { host: '127.0.0.1', port: this.port, reconnectStrategy: false } });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.ping();
        return;
      } catch {
        await sleep(20);
      } finally {
        if (client.isOpen) client.destroy();
      }
    }
    throw new Error(`redis-server does not answer on port ${this.port}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
