import { parentPort, workerData } from 'node:worker_threads';
import type { Request, WriterOptions } from './commands.js';
import { Writer } from './writer.js';

const port = parentPort!;
const writer = new Writer(workerData as WriterOptions, (message) => port.postMessage(message));

port.on('message', (request: Request) => {
  writer.handle(request);
  if (request.kind === 'close') port.close();
});
