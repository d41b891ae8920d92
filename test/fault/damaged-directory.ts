import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/support/clock.js';
import type { StoreSpace } from '../../lib/stores/store.js';
import { Child } from '../support/child-process.js';
import { databaseIn, draft, FaultRoom, type OpenedFiles } from './fault-room.js';

type Expected = Record<string, Record<string, { version: number; size: number }>>;

const KEYS = 60;
const SPACES = ['a', 'b', 'c'];
const FOREIGN = 'other people’s.txt';

/** A directory as an app left it, by closing the cache or by being killed, to be damaged again and again. */
export class Original {
  private constructor(
    private readonly room: FaultRoom,
    private readonly expected: Expected,
  ) {}

  static async write(how: 'closed' | 'killed'): Promise<Original> {
    const room = new FaultRoom();
    const child = new Child('dataset.mjs', { directory: room.directory, keys: KEYS, close: how === 'closed' });
    await child.ready();
    const expected = await child.ask<Expected>('write');
    await child.kill();
    writeFileSync(join(room.directory, FOREIGN), 'leave me');
    return new Original(room, expected);
  }

  /** Bytes of the database, or of another file beside it. */
  bytes(suffix = ''): Buffer {
    return readFileSync(databaseIn(this.room.directory) + suffix);
  }

  /** A copy of it in a directory of its own. */
  copy(): DamagedDirectory {
    const room = new FaultRoom();
    cpSync(this.room.directory, room.directory, { recursive: true });
    return new DamagedDirectory(room, this.expected);
  }

  async close(): Promise<void> {
    await this.room.close();
  }
}

/** What a cache makes of a directory that was damaged. */
export class DamagedDirectory {
  /** What is not as it must be. */
  readonly wrong: string[] = [];
  /** Entries that were still read, before anything was written. */
  read = 0;
  setAside = 0;
  #keeps = true;

  constructor(
    readonly room: FaultRoom,
    private readonly expected: Expected,
  ) {}

  get database(): string {
    return databaseIn(this.room.directory);
  }

  /**
   * Opens the damaged directory; reads, writes, and opens it again. Nothing may go wrong but misses; with `keeps`, what is
   * written is there. Where the list of free pages was damaged, one write may destroy what another has written.
   */
  async use({ keeps }: { readonly keeps: boolean }): Promise<this> {
    this.#keeps = keeps;
    try {
      const first = this.room.open();
      await this.#use(first);
      const { setAside, error } = first.happened('setAside', 'error');
      this.setAside = setAside!;
      if (setAside! > 1) this.wrong.push(`set aside ${setAside} times`);
      if (error! > 0) this.wrong.push(`${error} operations failed`);
      await this.room.closeStores();
      const second = this.room.open();
      this.#expectAll(second, 'opened again', 9);
      if (second.events.counts.setAside > 0) this.wrong.push('set aside when opened again');
    } catch (error) {
      this.wrong.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
    }
    const kept = existsSync(`${this.database}.damaged`);
    if (kept !== this.setAside > 0) this.wrong.push(kept ? 'moved without a word' : 'the damaged file is gone');
    if (readFileSync(join(this.room.directory, FOREIGN), 'utf8') !== 'leave me')
      this.wrong.push('touched foreign files');
    const more = this.wrong.splice(5).length;
    if (more > 0) this.wrong.push(`and ${more} more`);
    return this;
  }

  async close(): Promise<void> {
    await this.room.close();
  }

  async #use(opened: OpenedFiles): Promise<void> {
    const { guarded } = opened;
    this.read = this.#expectNothingStale(opened, 'read first');
    // What was found damaged is reported to the writing thread, and is mended before this is answered.
    await guarded.measure();
    this.#expectNothingStale(opened, 'read again');
    await this.#writeOne(guarded.space('a'), opened);
    this.#expectNothingStale(opened, 'read after a write', 'written');
    for (const space of SPACES) {
      const drafts = keysOf(space).map((key) => [key, draft({ key, version: 9, pad: '' })] as const);
      await guarded.space(space).writeMany(new Map(drafts));
    }
    this.#expectAll(opened, 'written anew', 9);
  }

  /** Writing works, at the second attempt at the latest. */
  async #writeOne(space: StoreSpace, { happened }: OpenedFiles): Promise<void> {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await space.write('written', draft('yes'));
      if ((await space.read('written', systemClock.now()))?.value === 'yes') return;
    }
    this.wrong.push(`writing does not work: ${JSON.stringify(happened('error', 'outage', 'setAside'))}`);
  }

  #expectNothingStale({ guarded }: OpenedFiles, when: string, ...others: string[]): number {
    let read = 0;
    for (const space of SPACES) {
      for (const key of [...keysOf(space), ...others]) {
        const value = valueIn(guarded.space(space), key);
        if (value === undefined || others.includes(key)) continue;
        read += 1;
        const last = this.expected[space]?.[key];
        const right =
          last === undefined ? undefined : { key, version: last.version, pad: `${last.version}`.repeat(last.size) };
        if (JSON.stringify(value) === JSON.stringify(right)) continue;
        this.wrong.push(`${when}: '${key}' is ${JSON.stringify(value).slice(0, 60)}, not version ${last?.version}`);
      }
    }
    return read;
  }

  #expectAll({ guarded }: OpenedFiles, when: string, version: number): void {
    for (const space of SPACES) {
      for (const key of keysOf(space)) {
        const value = valueIn(guarded.space(space), key) as { version?: number } | undefined;
        if (value === undefined && !this.#keeps) continue;
        if (value?.version !== version) this.wrong.push(`${when}: '${key}' is ${JSON.stringify(value)?.slice(0, 60)}`);
      }
    }
  }
}

function keysOf(space: string): string[] {
  return Array.from({ length: KEYS }, (_, i) => `${space} ${i}`);
}

function valueIn(space: StoreSpace, key: string): unknown {
  return (space.read(key, systemClock.now()) as { value: unknown } | undefined)?.value;
}

/** Puts a directory in the place of a file. */
export function replaceByDirectory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}
