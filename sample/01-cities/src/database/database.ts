import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DatabaseThread } from './database.thread.js';
import { lockFolder } from './folder-lock.js';
import { SCHEMA_VERSION } from './schema.js';

const DATA_FOLDER = process.env.CITIES_DATA_DIR ?? fileURLToPath(new URL('../../.data', import.meta.url));

/** PostgreSQL, and the number of queries it has been asked. */
@Injectable()
export class Database implements OnModuleInit, OnApplicationShutdown {
  private postgres?: DatabaseThread;
  private unlock?: () => Promise<void>;
  private asked = 0;
  /** Settles when the last transaction that was asked for is over. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly own = new AsyncLocalStorage<true>();

  get queryCount(): number {
    return this.asked;
  }

  async query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    if (!this.own.getStore()) await this.turn;
    this.asked += 1;
    return (await this.ask(sql, parameters)) as Row[];
  }

  /**
   * All queries of `work`, or none where it fails. PGlite has one session, which is the transaction's until it is over:
   * everybody else waits.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const run = this.turn.then(() => this.own.run(true, () => this.commit(work)));
    this.turn = run.catch(() => {});
    return run;
  }

  async onModuleInit(): Promise<void> {
    this.unlock = await lockFolder(DATA_FOLDER);
    this.postgres = await DatabaseThread.start(join(DATA_FOLDER, `cities-${SCHEMA_VERSION}`));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.postgres?.close();
    await this.unlock?.();
  }

  private async commit<T>(work: () => Promise<T>): Promise<T> {
    await this.ask('begin', []);
    try {
      const result = await work();
      await this.ask('commit', []);
      return result;
    } catch (error) {
      await this.ask('rollback', []);
      throw error;
    }
  }

  private async ask(sql: string, parameters: unknown[]): Promise<unknown[]> {
    if (!this.postgres) throw new Error('The database is not open');
    return this.postgres.query(sql, parameters);
  }
}
