import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, type SqliteDriver } from '../stores/file/sqlite.js';
import { JournalDirectory, type Change, type FileRow, type JournalFile } from './journal-file.js';

/** What the thread is started with. */
export interface JournalWorkerOptions {
  readonly driver: SqliteDriver;
  readonly directory: string;
  readonly name: string;
}

export type JournalRequest =
  | { readonly kind: 'open' }
  | { readonly kind: 'apply'; readonly changes: readonly Change[] }
  | { readonly kind: 'close' };

/** Answers come in the order of the requests; `found` and `damaged` by themselves. */
export type JournalMessage =
  | { readonly kind: 'done'; readonly rows: readonly FileRow[] }
  | { readonly kind: 'failed'; readonly message: string; readonly busy: boolean }
  | { readonly kind: 'found'; readonly rows: readonly FileRow[] }
  | { readonly kind: 'damaged'; readonly file: string };

/** Milliseconds between two looks for what processes have left behind that died. */
const LOOK = 15_000;

const port = parentPort!;
const options = workerData as JournalWorkerOptions;
const tell = (message: JournalMessage): void => port.postMessage(message);
const directory = new JournalDirectory(options.driver, options.directory, options.name, (file) =>
  tell({ kind: 'damaged', file }),
);
let own: JournalFile | undefined;

function opened(): JournalFile {
  return (own ??= directory.claim());
}

function handle(request: JournalRequest): readonly FileRow[] {
  if (request.kind === 'open') {
    const file = opened();
    directory.adopt(file);
    return file.rows();
  }
  if (request.kind === 'apply') opened().apply(request.changes);
  else own?.close();
  return [];
}

port.on('message', (request: JournalRequest) => {
  try {
    tell({ kind: 'done', rows: handle(request) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: 'failed', message, busy: failureOf(error) === 'busy' });
  }
  if (request.kind === 'close') port.close();
});

setInterval(() => {
  try {
    const rows = own === undefined ? [] : directory.adopt(own);
    if (rows.length > 0) tell({ kind: 'found', rows });
  } catch {
    // The next look may find more.
  }
}, LOOK).unref();
