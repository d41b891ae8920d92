import { Injectable } from '@nestjs/common';
import { Cacheable, CacheService, WriteBehindHandler, type WriteBehindItem } from 'nestjs-blossom-cache';
import { Database } from './database.js';

export interface Profile {
  readonly id: string;
  readonly name: string;
  /** How often it was changed. */
  readonly changes: number;
}

const SAVE = `
  insert into profile (id, name, changes) values ($1, $2, $3)
  on conflict (id) do update set name = excluded.name, changes = excluded.changes`;

/** Profiles, changed at once for those who read them and a little later in the database. */
@Injectable()
export class ProfilesService {
  constructor(
    private readonly cache: CacheService,
    private readonly database: Database,
  ) {}

  @Cacheable({ key: (id: string) => keyOf(id) })
  async findOne(id: string): Promise<Profile | undefined> {
    const [row] = await this.database.query<Profile>('select id, name, changes from profile where id = $1', id);
    return row;
  }

  async save(profile: Profile): Promise<void> {
    await this.cache.writeBehind('profiles', keyOf(profile.id), profile);
  }

  /** Of several changes of one profile it gets the last one. */
  @WriteBehindHandler('profiles', { delay: '200ms' })
  async write(items: WriteBehindItem<Profile>[]): Promise<void> {
    await this.database.transaction(
      items.map(({ value: { id, name, changes } }) => ({ sql: SAVE, parameters: [id, name, changes] })),
    );
  }
}

function keyOf(id: string): string {
  return `profile:${id}`;
}
