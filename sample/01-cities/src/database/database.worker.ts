import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { loadCities } from './cities.loader.js';
import type { Answer, Question } from './database.thread.js';
import { EXTENSIONS } from './schema.js';

const folder = workerData as string;
if (!existsSync(folder)) await loadCities(folder);
const pg = await PGlite.create({ dataDir: folder, extensions: EXTENSIONS });

parentPort!.on('message', (question: Question | 'close') => {
  if (question === 'close') void pg.close().finally(() => parentPort!.close());
  else void answerTo(question).then((answer) => parentPort!.postMessage(answer));
});
parentPort!.postMessage('ready');

async function answerTo({ id, sql, parameters }: Question): Promise<Answer> {
  try {
    return { id, rows: (await pg.query(sql, parameters)).rows };
  } catch (error) {
    return { id, error: String(error) };
  }
}
