// Starts the app on a cache in files, asks it something, kills it with SIGKILL, starts it again and asks once more:
// the answer has to be there. `npm run restart` does so with files alone and with memory over files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PATH = '/countries/NZ';

/** A port that is free now. Both starts serve on it: an answer is cached for the host that was asked. */
async function freePort() {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function start(url, port) {
  const env = { ...process.env, PORT: String(port), BLOSSOM_CACHE_URL: url };
  const app = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(app.stdout)) {
    const [, origin] = /^Serving on (\S+);/.exec(line) ?? [];
    if (origin !== undefined) return { app, origin };
  }
  throw new Error('the app ended before it served');
}

async function ask(origin) {
  const response = await fetch(origin + PATH);
  return { xCache: response.headers.get('x-cache'), body: await response.text() };
}

async function kill({ app }, signal) {
  app.kill(signal);
  await once(app, 'exit');
}

for (const backend of ['file:', 'hybrid:file:']) {
  const directory = mkdtempSync(join(tmpdir(), 'cities-cache-'));
  const port = await freePort();
  const first = await start(`${backend}//${directory}`, port);
  const before = await ask(first.origin);
  await kill(first, 'SIGKILL');
  const second = await start(`${backend}//${directory}`, port);
  const after = await ask(second.origin);
  await kill(second, 'SIGTERM');
  rmSync(directory, { recursive: true, force: true });
  console.log(`${backend} GET ${PATH}: ${before.xCache}, killed and started again: ${after.xCache}`);
  if (before.xCache !== 'MISS' || after.xCache !== 'HIT' || after.body !== before.body) process.exit(1);
}
