import { Injectable, type LoggerService, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { afterEach } from 'vitest';
import { Cacheable, CacheEvict, CachePut, CacheService, InjectCache } from '../../../lib/index.js';

const SILENT: LoggerService = { log: () => {}, warn: () => {}, error: () => {} };
const open: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

/** Builds and initialises; the application is closed after the test. */
export async function compiled(builder: TestingModuleBuilder): Promise<TestingModule> {
  const app = await builder.setLogger(SILENT).compile();
  await app.init();
  open.push(app);
  return app;
}

export async function testing(imports: ModuleMetadata['imports'] & {}, providers = [Users]): Promise<TestingModule> {
  return compiled(Test.createTestingModule({ imports, providers }));
}

export interface User {
  readonly id: number;
  readonly name: string;
}

/** A service that caches, and counts what its repository is asked. */
@Injectable()
export class Users {
  asked = 0;

  constructor(@InjectCache() readonly cache: CacheService) {}

  @Cacheable({ ttl: '10s', tags: (id: number) => [`user:${id}`] })
  async findOne(id: number): Promise<User> {
    this.asked += 1;
    return { id, name: 'Ada' };
  }

  @CachePut({ of: 'findOne', args: (id: number) => [id] })
  async rename(id: number, name: string): Promise<User> {
    return { id, name };
  }

  @CacheEvict({ of: 'findOne', args: (id: number) => [id] })
  async remove(_id: number): Promise<void> {}

  @Cacheable({ namespace: 'reports', key: (day: string) => `day:${day}` })
  async report(day: string): Promise<string> {
    return `report of ${day}`;
  }

  plain(): string {
    return 'not cached';
  }
}
