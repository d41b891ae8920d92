import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, createCluster, createSentinel } from '@redis/client';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisPath } from '../support/redis/find-redis.js';
import { ensureRedis, findRedis, redisAt } from '../support/redis/redis-binary.js';
import { RedisConnection } from '../support/redis/redis-connection.js';
import { RedisCluster } from '../support/redis/redis-cluster.js';
import { RedisProxy } from '../support/redis/redis-proxy.js';
import { RedisSentinels } from '../support/redis/redis-sentinel.js';
import { RedisServer, stopServers } from '../support/redis/redis-server.js';
import { eventually } from '../support/redis/eventually.js';

const SUPPORT = new URL('../support/redis/', import.meta.url);

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'blossom-servers-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Whether anything listens there. */
async function listens(port: number): Promise<boolean> {
  try {
    const connection = await RedisConnection.open({ host: '127.0.0.1', port });
    await connection.command('PING').finally(() => connection.close());
    return true;
  } catch (error) {
    return !/ECONNREFUSED/.test(String(error));
  }
}

describe('the binary', () => {
  it('is found on PATH first, then elsewhere, and tells its version', () => {
    const [first, second] = [temporary(), temporary()];
    for (const place of [first, second]) symlinkSync(redisPath(), join(place, 'redis-server'));
    const { version } = redisAt(redisPath());

    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(findRedis({ env: { PATH: first }, places: [second] })).toEqual({
      path: join(first, 'redis-server'),
      version,
    });
    expect(findRedis({ env: { PATH: '/nowhere' }, places: [second] })?.path).toBe(join(second, 'redis-server'));
    expect(findRedis({ env: { PATH: '/nowhere' }, places: [] })).toBeUndefined();
  });

  it('is installed once where it is missing, by two runs that begin together', async () => {
    const place = temporary();
    const asked = join(place, 'asked');
    const script = (name: string, lines: string) =>
      writeFileSync(join(place, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    script('sudo', 'shift; exec "$@"');
    script('env', 'shift; exec "$@"');
    script(
      'apt-get',
      `echo "$@" >>${asked}; case "$*" in *install*) /bin/ln -s ${redisPath()} ${place}/redis-server;; esac`,
    );

    const said: string[] = [];
    const search = {
      env: { PATH: place },
      places: [],
      lock: join(place, 'lock'),
      say: (line: string) => void said.push(line),
    };
    const found = await Promise.all([ensureRedis(search), ensureRedis(search)]);

    expect(found.map(({ path }) => path)).toEqual([join(place, 'redis-server'), join(place, 'redis-server')]);
    expect(readFileSync(asked, 'utf8')).toBe('-q install -y --no-install-recommends redis-server\n');
    expect(said[0]).toMatch(/^redis-server is not installed; running: .*apt-get/);
    expect(said.at(-1)).toContain(found[0].version);
    expect(existsSync(search.lock)).toBe(false);
  });

  it('is waited for where another run installs it', async () => {
    const place = temporary();
    const lock = join(place, 'lock');
    writeFileSync(lock, '');
    const found = ensureRedis({ env: { PATH: place }, places: [], lock, say: () => undefined });
    symlinkSync(redisPath(), join(place, 'redis-server'));
    expect((await found).path).toBe(join(place, 'redis-server'));
  });

  it('cannot be installed: it is said what to install', async () => {
    const place = temporary();
    const search = { env: { PATH: place }, places: [], lock: join(place, 'lock'), say: () => undefined };
    await expect(ensureRedis(search)).rejects.toThrow(/need redis-server.*no apt-get.*Install Redis/);
    expect(existsSync(search.lock)).toBe(false);
  });
});

describe('a server', () => {
  afterEach(stopServers);

  it('is a real one, of its own process, that a client library can use', async () => {
    const server = await RedisServer.start();
    const client = await createClient({ url: server.url }).connect();
    await client.set('a', '1');
    client.destroy();
    expect(await server.command('GET', 'a')).toBe('1');
    expect(await server.command('INFO', 'server')).toContain(`process_id:${server.pid}\r\n`);
    expect(await server.command('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    expect(await server.command('CONFIG', 'GET', 'save')).toEqual(['save', '']);
  });

  it('takes bytes, and answers with nested replies, numbers, nothing and errors', async () => {
    const server = await RedisServer.start();
    const bytes = Buffer.from([0, 13, 10, 255, 36]);
    const large = Buffer.alloc(3_000_000, 'x');
    const connection = await RedisConnection.open(server);
    await connection.command('SET', bytes, large);
    expect(large.equals((await connection.commandForBytes('GET', bytes)) as Buffer)).toBe(true);
    expect(await connection.commandForBytes('KEYS', '*')).toEqual([bytes]);
    expect(await connection.command('EVAL', "return {1, {'two', {}}, false}", 0)).toEqual([1, ['two', []], null]);
    expect(await connection.command('INCRBY', 'n', '9007199254740993')).toBe(9_007_199_254_740_993n);
    const [wrong, right] = [connection.command('HGET', bytes, 'x'), connection.command('ECHO', 'ü')];
    await expect(wrong).rejects.toThrow(/^WRONGTYPE /);
    expect(await right).toBe('ü');
    connection.close();
    await expect(connection.command('PING')).rejects.toThrow(/closed/);
  });

  it('is empty after a restart, on the same port', async () => {
    const server = await RedisServer.start();
    const { pid, port } = server;
    await server.command('SET', 'a', '1');
    await server.restart();
    expect(await server.command('GET', 'a')).toBeNull();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
  });

  it('keeps its data where it is given a directory and told to', async () => {
    const dir = temporary();
    const server = await RedisServer.start({ dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    await server.command('SET', 'a', '1');
    await server.kill();
    await server.restart();
    expect(await server.command('GET', 'a')).toBe('1');
    await server.stop();
    expect(readdirSync(dir)).toContain('appendonlydir');
  });

  it('is frozen: connections stay, nothing is answered until it is thawed', async () => {
    const server = await RedisServer.start();
    const connection = await RedisConnection.open(server);
    await connection.command('PING');
    server.freeze();
    expect(server.responsive).toBe(false);
    let answered = false;
    const answer = connection.command('PING').finally(() => (answered = true));
    const connected = RedisConnection.open(server);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(answered).toBe(false);
    server.thaw();
    expect(await answer).toBe('PONG');
    expect(await (await connected).command('PING')).toBe('PONG');
    expect(server.responsive).toBe(true);
  });

  it('is killed: nobody listens until it is started again', async () => {
    const server = await RedisServer.start();
    const connection = await RedisConnection.open(server);
    await connection.command('PING');
    const cut = expect(connection.command('BLPOP', 'nothing', 0)).rejects.toThrow();
    await server.kill();
    await cut;
    expect(await listens(server.port)).toBe(false);
    expect(server.responsive).toBe(false);
    await server.kill();
    await server.restart();
    expect(await server.command('PING')).toBe('PONG');
  });

  it('stops, frozen or not, and leaves nothing', async () => {
    const server = await RedisServer.start();
    const [, directory = ''] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
    expect(existsSync(directory)).toBe(true);
    server.freeze();
    await server.stop();
    await server.stop();
    expect(await listens(server.port)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });

  it('wants its password', async () => {
    const server = await RedisServer.start({ password: 'p"ä ss\\' });
    const client = await createClient({ url: server.url }).connect();
    expect(await client.ping()).toBe('PONG');
    client.destroy();
    const stranger = await RedisConnection.open({ host: server.host, port: server.port });
    await expect(stranger.command('PING')).rejects.toThrow(/^NOAUTH/);
    await expect(RedisConnection.open({ ...server, password: 'no' })).rejects.toThrow(/^WRONGPASS/);
  });

  it('wants its user, and lets nobody else in', async () => {
    const server = await RedisServer.start({ username: 'blossom', password: 'p@ss:w/rd' });
    const client = await createClient({ url: server.url }).connect();
    expect(await client.sendCommand(['ACL', 'WHOAMI'])).toBe('blossom');
    client.destroy();
    const stranger = await RedisConnection.open({ host: server.host, port: server.port });
    await expect(stranger.command('PING')).rejects.toThrow(/^NOAUTH/);
    await expect(stranger.command('AUTH', 'p@ss:w/rd')).rejects.toThrow(/^WRONGPASS/);
  });

  it('speaks TLS, to those who trust its authority', async () => {
    const [server, other] = await Promise.all([RedisServer.start({ tls: true }), RedisServer.start({ tls: true })]);
    const { host, port, ca = '' } = server;
    expect(server.url).toBe(`rediss://127.0.0.1:${port}`);
    for (const url of [server.url, `rediss://localhost:${port}`]) {
      const client = await createClient({ url, socket: { tls: true, ca } }).connect();
      expect(await client.ping()).toBe('PONG');
      client.destroy();
    }
    const distrustful = await RedisConnection.open({ host, port, ca: other.ca });
    await expect(distrustful.command('PING')).rejects.toThrow(/certificate|signature/);
    const unencrypted = await RedisConnection.open({ host, port });
    await expect(unencrypted.command('PING')).rejects.toThrow();
    await server.restart();
    expect(await server.command('PING')).toBe('PONG');
  });

  it('speaks TLS, to those alone who have a certificate if told so', async () => {
    const server = await RedisServer.start({ tls: true, username: 'blossom', password: 'secret' });
    await server.command('CONFIG', 'SET', 'tls-auth-clients', 'yes');
    await expect(server.command('PING')).rejects.toThrow();
    const { ca, cert, key } = server.certificates;
    const client = await createClient({ url: server.url, socket: { tls: true, ca, cert, key } }).connect();
    expect(await client.sendCommand(['ACL', 'WHOAMI'])).toBe('blossom');
    client.destroy();
  });

  it('cannot start: what it printed is said, and nothing is left', async () => {
    const homes = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`blossom-redis-${taken.port}`));
    const taken = await RedisServer.start();
    const before = homes();
    await expect(RedisServer.start({ port: taken.port })).rejects.toThrow(/Address already in use/);
    await expect(RedisServer.start({ args: ['--no-such-setting', '1'] })).rejects.toThrow(/no-such-setting/);
    expect(homes()).toEqual(before);
  });

  it('starts beside many others', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => RedisServer.start()));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(8);
    await Promise.all(servers.map((server) => server.command('SET', 'port', server.port)));
    const answers = await Promise.all(servers.map((server) => server.command('GET', 'port')));
    expect(answers).toEqual(servers.map(({ port }) => String(port)));
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'ends with the process that started it (%s), even frozen',
    async (signal) => {
      const compiled = temporary();
      for (const name of readdirSync(SUPPORT)) {
        const source = readFileSync(new URL(name, SUPPORT), 'utf8');
        const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
        const { outputText } = ts.transpileModule(source, { compilerOptions });
        writeFileSync(join(compiled, name.replace(/ts$/, 'js')), outputText);
      }
      writeFileSync(join(compiled, 'package.json'), '{"type":"module"}');
      const script = `
      import { RedisServer } from ${JSON.stringify(join(compiled, 'redis-server.js'))};
      const server = await RedisServer.start();
      const [, directory] = await server.command('CONFIG', 'GET', 'dir');
      server.freeze();
      console.log(JSON.stringify({ port: server.port, directory }));
      setInterval(() => undefined, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const { port, directory } = JSON.parse(line.toString()) as { port: number; directory: string };
      expect(existsSync(directory)).toBe(true);
      child.kill(signal);
      await once(child, 'exit');
      await eventually('the server is gone', async () => !existsSync(directory) && !(await listens(port)));
    },
  );
});

describe('a proxy', () => {
  let proxy: RedisProxy;
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(() => proxy.stop());
  afterAll(stopServers);

  async function connected(): Promise<RedisConnection> {
    proxy = await RedisProxy.start(server.port);
    const connection = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    await connection.command('PING');
    return connection;
  }

  async function isSilent(answer: Promise<unknown>, ms: number): Promise<boolean> {
    const silence = new Promise((resolve) => setTimeout(resolve, ms, 'silence'));
    return (await Promise.race([answer, silence])) === 'silence';
  }

  it('passes bytes on exactly', async () => {
    const connection = await connected();
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, at) => (at * 7919) % 256));
    await connection.command('SET', 'large', bytes);
    expect(bytes.equals((await connection.commandForBytes('GET', 'large')) as Buffer)).toBe(true);
    expect(await server.command('STRLEN', 'large')).toBe(2_000_000);
  });

  it('delays each way by itself', async () => {
    const connection = await connected();
    proxy.delay(60, ['toServer']);
    proxy.delay(40, ['toClient']);
    const before = performance.now();
    const answers = await Promise.all([connection.command('ECHO', '1'), connection.command('ECHO', '2')]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(98);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(answers).toEqual(['1', '2']);
    proxy.delay(0);
    expect(await connection.command('ECHO', '3')).toBe('3');
  });

  it('keeps the order where the delay becomes shorter', async () => {
    const connection = await connected();
    const order: unknown[] = [];
    proxy.delay(80, ['toServer']);
    const first = connection.command('INCR', 'turn').then((turn) => order.push(turn));
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.delay(0);
    const second = connection.command('ECHO', 'second').then((turn) => order.push(turn));
    await Promise.all([first, second]);
    expect(order).toEqual([1, 'second']);
  });

  it('freezes and thaws, new connections included', async () => {
    const connection = await connected();
    proxy.freeze();
    const answers = ['1', '2', '3'].map((text) => connection.command('ECHO', text));
    const late = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    const lateAnswer = late.command('PING');
    expect(await isSilent(Promise.race([...answers, lateAnswer]), 100)).toBe(true);
    expect(proxy.connections).toBe(2);
    proxy.thaw();
    expect(await Promise.all(answers)).toEqual(['1', '2', '3']);
    expect(await lateAnswer).toBe('PONG');
  });

  it('freezes the answers alone: what was asked is done', async () => {
    const connection = await connected();
    proxy.freeze(['toClient']);
    const answer = connection.command('SET', 'done', '1');
    await eventually('it is done', async () => (await server.command('GET', 'done')) === '1');
    expect(await isSilent(answer, 50)).toBe(true);
    proxy.cut();
    await expect(answer).rejects.toThrow();
  });

  it('holds back that the server has gone, while it is frozen', async () => {
    const mortal = await RedisServer.start();
    proxy = await RedisProxy.start(mortal.port);
    const connection = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    await connection.command('PING');
    proxy.freeze();
    const answer = connection.command('PING');
    await mortal.kill();
    expect(await isSilent(answer, 100)).toBe(true);
    proxy.thaw();
    await expect(answer).rejects.toThrow();
  });

  it('lets a client know that there is no server', async () => {
    const mortal = await RedisServer.start();
    proxy = await RedisProxy.start(mortal.port);
    await mortal.kill();
    const connection = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    await expect(connection.command('PING')).rejects.toThrow();
    await eventually('the connection is gone', () => proxy.connections === 0);
  });

  it('cuts connections, and takes new ones', async () => {
    const connection = await connected();
    expect(proxy.connections).toBe(1);
    const waits = async () => String(await server.command('CLIENT', 'LIST')).includes('cmd=blpop');
    const waiting = expect(connection.command('BLPOP', 'nothing', 0)).rejects.toThrow();
    await eventually('the server has the command', waits);
    proxy.cut();
    await waiting;
    expect(proxy.connections).toBe(0);
    const again = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    expect(await again.command('PING')).toBe('PONG');
    await eventually('the server knows of the cut', async () => !(await waits()));
  });

  it('refuses new connections and keeps those that are there', async () => {
    const connection = await connected();
    proxy.refuse();
    expect(await listens(proxy.port)).toBe(false);
    expect(await connection.command('PING')).toBe('PONG');
    await proxy.accept();
    expect(await listens(proxy.port)).toBe(true);
  });

  it('sends garbage in its turn', async () => {
    const connection = await connected();
    proxy.freeze();
    const [echo, garbage] = [connection.command('ECHO', 'in order'), connection.command('PING')];
    proxy.thaw();
    expect([await echo, await garbage]).toEqual(['in order', 'PONG']);
    const spoiled = connection.command('BLPOP', 'nothing', 0);
    proxy.garbage('!!\r\n');
    await expect(spoiled).rejects.toThrow(/No reply of Redis begins with/);
  });

  it('passes on what was sent before a client went', async () => {
    proxy = await RedisProxy.start(server.port);
    proxy.delay(30);
    const connection = await RedisConnection.open({ host: '127.0.0.1', port: proxy.port });
    const sent = connection.command('SET', 'last', 'word');
    sent.catch(() => undefined);
    await eventually('the proxy has it', () => proxy.connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 15));
    connection.close();
    await eventually('it has arrived', async () => (await server.command('GET', 'last')) === 'word');
    await eventually('both sides are closed', () => proxy.connections === 0);
  });
});

describe('a cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start({ password: 'secret' });
  });

  afterAll(stopServers);

  it('has a replica for every master, and every slot is served', async () => {
    const masters = await cluster.masters();
    expect(cluster.nodes).toHaveLength(6);
    expect(masters).toEqual(cluster.nodes.slice(0, 3));
    const replicas = await Promise.all(masters.map((master) => cluster.replicasOf(master)));
    expect(replicas.flat().toSorted((a, b) => a.port - b.port)).toEqual(
      cluster.nodes.slice(3).toSorted((a, b) => a.port - b.port),
    );
    for (const node of cluster.nodes) {
      expect(await node.command('CLUSTER', 'INFO')).toMatch(/cluster_state:ok[^]*cluster_slots_ok:16384/);
    }
  });

  it('tells where a key lives', async () => {
    expect(await cluster.slotOf('foo')).toBe(12_182);
    expect(await cluster.nodeFor('foo')).toBe(cluster.nodes[2]);
    expect(await cluster.nodeFor(0)).toBe(cluster.nodes[0]);
    expect(await cluster.nodeFor(16_383)).toBe(cluster.nodes[2]);
  });

  it('is used by a client library', async () => {
    const rootNodes = cluster.nodes.slice(0, 2).map(({ port }) => ({ socket: { host: '127.0.0.1', port } }));
    const client = await createCluster({ rootNodes, defaults: { password: 'secret' } }).connect();
    await Promise.all(['a', 'b', 'c'].map((key) => client.set(key, key)));
    client.destroy();
    const answers = await Promise.all(['a', 'b', 'c'].map((key) => cluster.command(key, 'GET', key)));
    expect(answers).toEqual(['a', 'b', 'c']);
  });

  it('moves a slot with its keys: ASK halfway, MOVED afterwards', async () => {
    const keys = Array.from({ length: 250 }, (_, at) => Buffer.concat([Buffer.from('{foo}'), Buffer.from([0, at])]));
    await Promise.all(keys.map((key, at) => cluster.command(key, 'SET', key, at)));
    const [first] = keys as [Buffer];
    const from = await cluster.nodeFor(first);
    const [to] = (await cluster.masters()) as [RedisServer];

    await cluster.beginMove(12_182, to);
    expect(await from.command('GET', first)).toBe('0');
    await expect(from.command('GET', '{foo}new')).rejects.toThrow(`ASK 12182 127.0.0.1:${to.port}`);
    await expect(cluster.beginMove(1, to)).rejects.toThrow(/12182 is still on its way/);

    await cluster.moveKeys();
    await expect(from.command('GET', first)).rejects.toThrow(/^ASK 12182/);
    await expect(to.command('GET', first)).rejects.toThrow(/^MOVED 12182/);
    expect(await cluster.nodeFor(first)).toBe(from);
    expect(await cluster.command(first, 'GET', first)).toBe('0');
    await cluster.command('{foo}new', 'SET', '{foo}new', 'put there');

    await cluster.finishMove();
    await expect(from.command('GET', first)).rejects.toThrow(`MOVED 12182 127.0.0.1:${to.port}`);
    expect(await cluster.nodeFor(first)).toBe(to);
    expect(await to.command('GET', '{foo}new')).toBe('put there');
    const answers = await Promise.all(keys.map((key) => to.command('GET', key)));
    expect(answers).toEqual(keys.map((_, at) => String(at)));

    await cluster.moveSlot(12_182, from);
    expect(await from.command('GET', first)).toBe('0');
  });

  it('follows MOVED', async () => {
    const [master] = (await cluster.masters()) as [RedisServer];
    await cluster.command('foo', 'SET', 'foo', '1');
    await expect(master.command('GET', 'foo')).rejects.toThrow(/^MOVED/);
    const other = await cluster.slotOf('b');
    expect(await cluster.nodeFor(other)).toBe(master);
    expect(await cluster.command('b', 'GET', 'foo')).toBe('1');
    await expect(cluster.command('foo', 'HGET', 'foo', 'x')).rejects.toThrow(/^WRONGTYPE/);
  });

  it('fails over, and keeps the data', async () => {
    await cluster.command('foo', 'SET', 'foo', 'kept');
    const former = await cluster.nodeFor('foo');
    const [replica] = (await cluster.replicasOf(former)) as [RedisServer];
    await former.command('WAIT', 1, 1000);
    await cluster.failover(2);
    expect(await cluster.nodeFor('foo')).toBe(replica);
    expect((await cluster.masters())[2]).toBe(replica);
    expect(await cluster.replicasOf(replica)).toEqual([former]);
    expect(await replica.command('GET', 'foo')).toBe('kept');
    await expect(former.command('GET', 'foo')).rejects.toThrow(`MOVED 12182 127.0.0.1:${replica.port}`);
  });

  it('fails over from a master that is frozen', async () => {
    const [former] = (await cluster.masters()) as [RedisServer];
    const [replica] = (await cluster.replicasOf(former)) as [RedisServer];
    const patient = ['CONFIG', 'SET', 'cluster-node-timeout', 60_000];
    await Promise.all(cluster.nodes.map((node) => node.command(...patient)));
    former.freeze();
    await cluster.failover(0);
    expect((await cluster.masters())[0]).toBe(replica);
    former.thaw();
    await eventually('it has become a replica', async () => (await cluster.replicasOf(replica)).includes(former));
  });

  it('leaves nothing', async () => {
    await cluster.stop();
    const ports = cluster.nodes.map(({ port }) => port);
    expect(await Promise.all(ports.map(listens))).toEqual(ports.map(() => false));
    await expect(cluster.masters()).rejects.toThrow(/No node of the cluster runs/);
  });
});

describe('sentinels', () => {
  let watched: RedisSentinels;

  beforeAll(async () => {
    watched = await RedisSentinels.start({ password: 'secret', sentinelPassword: 'watch' });
  });

  afterAll(stopServers);

  it('know the master, its replica and each other', async () => {
    expect(await watched.master()).toBe(watched.nodes[0]);
    const [master, replica] = watched.nodes as [RedisServer, RedisServer];
    const copied = [master.host, String(replica.port), expect.any(String)];
    expect(await master.command('ROLE')).toEqual(['master', expect.any(Number), [copied]]);
    expect(await replica.command('ROLE')).toEqual(['slave', master.host, master.port, 'connected', expect.any(Number)]);
    for (const sentinel of watched.sentinels) {
      expect(await sentinel.command('SENTINEL', 'CKQUORUM', watched.name)).toMatch(/^OK 3 usable Sentinels/);
    }
  });

  it('are used by a client library', async () => {
    const sentinel = await createSentinel({
      name: watched.name,
      sentinelRootNodes: watched.sentinels.map(({ host, port }) => ({ host, port })),
      nodeClientOptions: { password: 'secret' },
      sentinelClientOptions: { password: 'watch' },
    }).connect();
    await sentinel.set('a', '1');
    sentinel.destroy();
    const [master, replica] = watched.nodes as [RedisServer, RedisServer];
    expect(await master.command('GET', 'a')).toBe('1');
    await eventually('it is copied', async () => (await replica.command('GET', 'a')) === '1');
  });

  it('fail over when the master is killed', async () => {
    const [former, heir] = watched.nodes as [RedisServer, RedisServer];
    await former.kill();
    expect(await watched.masterAfter(former)).toBe(heir);
    expect(await heir.command('GET', 'a')).toBe('1');
  });

  it('fail over when asked, as soon as the former master has become a replica', async () => {
    const [former] = watched.nodes as [RedisServer];
    await former.restart();
    expect(await watched.failover()).toBe(former);
    expect(await watched.master()).toBe(former);
    expect(await former.command('ROLE')).toContain('master');
    expect(await former.command('GET', 'a')).toBe('1');
  });

  it('leave nothing', async () => {
    await watched.stop();
    const ports = [...watched.nodes, ...watched.sentinels].map(({ port }) => port);
    expect(await Promise.all(ports.map(listens))).toEqual(ports.map(() => false));
  });
});
