import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { end, InstalledSample } from './sample-rig.js';

const sample = new InstalledSample('03-text-generation');
const PATIENCE = 120_000;
const KEY_ELSEWHERE = 'OPENAI_BASE_URL: a URL such as https://api.openai.com/v1; a key goes into OPENAI_API_KEY';
const afterwards: (() => void)[] = [];

afterAll(() => {
  for (const work of afterwards.splice(0)) work();
});

/** An API of the same protocol that the sample has not started, and who asked it. */
async function someApi(): Promise<{ url: string; keys: Set<string | undefined> }> {
  const file = pathToFileURL(sample.module('stand-in/server.js')).href;
  const { StandInServer } = (await import(/* @vite-ignore */ file)) as { StandInServer: new () => { http: Server } };
  const keys = new Set<string | undefined>();
  const { http } = new StandInServer();
  http.prependListener('request', ({ headers }) => keys.add(headers.authorization));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  afterwards.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`, keys };
}

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'answers-'));
  afterwards.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function ask(origin: string, body: object): Promise<{ xCache: string | null; text: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/chat`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { xCache: answer.headers.get('x-cache'), text: await answer.text() };
}

/** The last column of the table that a tour prints. */
const verdicts = (output: string): string[] => [...output.matchAll(/ {3}(yes|NO)$/gm)].map(([, verdict]) => verdict!);

// They mostly wait for an API that takes its time.
describe.concurrent('the text generation sample', () => {
  it(
    'without an API starts its stand-in, says so, and keeps every promise of its tour',
    async () => {
      const { code, output } = await sample.run({}, '--tour');
      expect(output).toContain('answers come from a STAND-IN');
      expect(output).not.toContain('   NO\n');
      expect(verdicts(output)).toHaveLength(38);
      expect(code).toBe(0);
    },
    PATIENCE,
  );

  it(
    'talks to the API that is named by URL, with its key, and takes its tour there but for the outages',
    async () => {
      const { url, keys } = await someApi();
      const env = {
        OPENAI_BASE_URL: `${url}/`,
        OPENAI_API_KEY: 'a-key',
        OPENAI_MODEL: 'stand-in-large',
        OPENAI_EMBEDDING_MODEL: 'stand-in-embedding',
        BLOSSOM_CACHE_URL: 'memory:',
      };
      const { code, output } = await sample.run(env, '--tour');
      expect(output).not.toContain('STAND-IN');
      expect(output).toContain(`Answers come from ${url.slice('http://'.length)}, by stand-in-large`);
      expect(output).not.toContain('   NO\n');
      expect(verdicts(output)).toHaveLength(30);
      expect([code, [...keys]]).toEqual([0, ['Bearer a-key']]);
    },
    PATIENCE,
  );

  it(
    'has its answers in files, where they are after kill -9, and not for another API',
    async () => {
      const { url } = await someApi();
      const env = { BLOSSOM_CACHE_URL: `file://${directory()}` };
      const named = { ...env, OPENAI_BASE_URL: url, OPENAI_MODEL: 'stand-in-small' };
      const first = await sample.serve(named);
      const before = await ask(first.origin, { prompt: 'Why is the sky blue?' });
      await end(first.child);
      const second = await sample.serve(named);
      const after = await ask(second.origin, { prompt: 'Why is the sky blue?' });
      const other = await sample.serve(env);
      const elsewhere = await ask(other.origin, { prompt: 'Why is the sky blue?' });
      expect(before.xCache).toBe('MISS');
      expect(after).toEqual({ ...before, xCache: 'HIT' });
      expect(elsewhere.xCache).toBe('MISS');
    },
    PATIENCE,
  );

  it.each([
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }, 'OPENAI_MODEL: say which model to ask, along with OPENAI_BASE_URL'],
    [{ OPENAI_BASE_URL: 'localhost', OPENAI_MODEL: 'm' }, KEY_ELSEWHERE],
    [{ OPENAI_BASE_URL: 'http://key@127.0.0.1:1/v1', OPENAI_MODEL: 'm' }, KEY_ELSEWHERE],
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:1', OPENAI_MODEL: 'a b' }, 'OPENAI_MODEL: the name of a model'],
  ])(
    '%o: does not start, and says what to say',
    async (env, message) => {
      expect(await sample.run(env)).toEqual({ code: 1, output: `\n${message}\n` });
    },
    PATIENCE,
  );
});
