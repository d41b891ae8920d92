import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Request, WriterOptions } from './commands.js';
import { Writer } from './writer.js';

/** How much this thread steps back where there is not enough processor for all: 0 to 19. */
const NICENESS = 10;

/** Lets the application's own thread go first. Only Linux has priorities for threads; elsewhere nothing happens. */
function stepBack(): void {
  try {
    const [thread] = readlinkSync('/proc/thread-self').split('/').slice(-1);
    setPriority(Number(thread), NICENESS);
  } catch {
    // The thread does its work all the same.
  }
}

const port = parentPort!;
stepBack();
const writer = new Writer(workerData as WriterOptions, (message) => port.postMessage(message));

port.on('message', (request: Request) => {
  writer.handle(request);
  if (request.kind === 'close') port.close();
});
