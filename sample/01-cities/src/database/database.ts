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

  get queryCount(): number {
    return this.asked;
  }

  async query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    if (!this.postgres) throw new Error('The database is not open');
    this.asked += 1;
    return (await this.postgres.query(sql, parameters)) as Row[];
  }

  async onModuleInit(): Promise<void> {
    this.unlock = await lockFolder(DATA_FOLDER);
    this.postgres = await DatabaseThread.start(join(DATA_FOLDER, `cities-${SCHEMA_VERSION}`));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.postgres?.close();
    await this.unlock?.();
  }
}
