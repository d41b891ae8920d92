import { Injectable } from '@nestjs/common';
import { CacheService, WriteBehindHandler, type WriteBehindItem } from 'nestjs-blossom-cache';
import { Database } from './database.js';

/**
 * Adds to a counter unless it has done so before: an item may be handed over again, after a failure or a restart, and
 * then has the same id.
 */
const COUNT_ONCE = `
  with added as (insert into applied (id) values ($1) on conflict do nothing returning id)
  insert into page (path, views) select $2, $3::bigint from added
  on conflict (path) do update set views = page.views + excluded.views`;

/** Views of pages: one write to the database for many of them. */
@Injectable()
export class PagesService {
  constructor(
    private readonly cache: CacheService,
    private readonly database: Database,
  ) {}

  /** What waits is an amount to add, so the cache is not to keep it: `ttl: 0`. */
  async view(path: string): Promise<void> {
    await this.cache.writeBehind('views', `views:${path}`, 1, { ttl: 0 });
  }

  /** What the database has, and what is on its way there. */
  async views(path: string): Promise<number> {
    const waiting = (await this.cache.get<number>(`views:${path}`)) ?? 0;
    const [row] = await this.database.query<{ views: number }>('select views from page where path = $1', path);
    return waiting + (row?.views ?? 0);
  }

  @WriteBehindHandler('views', { merge: (older: number, newer: number) => older + newer, delay: '200ms' })
  async write(items: WriteBehindItem<number>[]): Promise<void> {
    await this.database.transaction(
      items.map(({ id, key, value }) => ({ sql: COUNT_ONCE, parameters: [id, key.slice('views:'.length), value] })),
    );
  }
}
