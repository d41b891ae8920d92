import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, expect, it } from 'vitest';
import { BlossomCacheModule, Cacheable, CacheConfig, CacheEvict, CacheService } from '../../../lib/index.js';

const apps: TestingModule[] = [];

async function start(...providers: Type[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [BlossomCacheModule.forRoot()], providers }).compile();
  apps.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

abstract class Animals {
  runs = 0;
  @Cacheable()
  async find(id: number): Promise<string> {
    return `${this.constructor.name} ${id} ${(this.runs += 1)}`;
  }
  @CacheEvict({ of: 'find' })
  async change(_id: number): Promise<void> {}
}

it('O9: an inherited method has an entry for each class it is called on', async () => {
  @Injectable()
  class Cats extends Animals {}
  @Injectable()
  class Dogs extends Animals {}
  const app = await start(Cats, Dogs);
  const [cats, dogs] = [app.get(Cats), app.get(Dogs)];
  expect([await cats.find(1), await dogs.find(1)]).toEqual(['Cats 1 1', 'Dogs 1 1']);
  expect([await cats.find(1), await dogs.find(1)]).toEqual(['Cats 1 1', 'Dogs 1 1']);
  await cats.change(1);
  expect([await cats.find(1), await dogs.find(1)]).toEqual(['Cats 1 2', 'Dogs 1 1']);
});

it('O9: an override and the method it calls through super have entries of their own', async () => {
  @Injectable()
  class Cats extends Animals {
    overrides = 0;
    @Cacheable()
    override async find(id: number): Promise<string> {
      this.overrides += 1;
      return `own ${await super.find(id)}`;
    }
    above(id: number): Promise<string> {
      return super.find(id);
    }
  }
  const cats = (await start(Cats)).get(Cats);
  expect([await cats.find(1), await cats.find(1)]).toEqual(['own Cats 1 1', 'own Cats 1 1']);
  expect(await cats.above(1)).toBe('Cats 1 1');
  expect([cats.overrides, cats.runs]).toEqual([1, 1]);
});

it('O9: evicting a method evicts what it calls through super as well', async () => {
  @Injectable()
  class Cats extends Animals {
    @Cacheable()
    override async find(id: number): Promise<string> {
      return `own ${await super.find(id)}`;
    }
  }
  const cats = (await start(Cats)).get(Cats);
  expect(await cats.find(1)).toBe('own Cats 1 1');
  await cats.change(1);
  expect(await cats.find(1)).toBe('own Cats 1 2');
});

it('J21: an override without decorator is not cached, the method it calls through super is', async () => {
  @Injectable()
  class Cats extends Animals {
    overrides = 0;
    override async find(id: number): Promise<string> {
      this.overrides += 1;
      return super.find(id);
    }
  }
  const cats = (await start(Cats)).get(Cats);
  const before = [await cats.find(1), await cats.find(1)];
  expect(cats.overrides).toBe(2);
  expect(before[1]).toBe(before[0]);
  // `change` evicts what `find` comes to through `super`, too.
  await cats.change(1);
  expect(await cats.find(1)).not.toBe(before[0]);
});

it('J21: what a base caches stays cached below an override without decorator', async () => {
  abstract class Base {
    runs = 0;
    @Cacheable()
    async find(id: number): Promise<string> {
      return `${id} ${(this.runs += 1)}`;
    }
  }
  @Injectable()
  class Plain extends Base {
    overrides = 0;
    override async find(id: number): Promise<string> {
      this.overrides += 1;
      return super.find(id);
    }
  }
  const plain = (await start(Plain)).get(Plain);
  expect([await plain.find(1), await plain.find(1)]).toEqual(['1 1', '1 1']);
  expect([plain.overrides, plain.runs]).toEqual([2, 1]);
});

it('of a subclass names the override, not the method of the base', async () => {
  @Injectable()
  class Cats extends Animals {
    @Cacheable({ key: 'cat' })
    override async find(id: number): Promise<string> {
      return `cat ${id} ${(this.runs += 1)}`;
    }
  }
  const app = await start(Cats);
  const cats = app.get(Cats);
  await cats.find(1);
  expect(await app.get(CacheService).get('cat')).toBe('cat 1 1');
  await cats.change(1);
  expect(await app.get(CacheService).exists('cat')).toBe(false);
});

const users = (id?: string): Type<{ find(): Promise<string> }> => {
  @CacheConfig(id === undefined ? {} : { id })
  @Injectable()
  class Users {
    @Cacheable()
    async find(): Promise<string> {
      return `of ${id}`;
    }
  }
  return Users;
};

it('O9: two classes of one name stop the boot and ask for an id, which settles it', async () => {
  await expect(start(users(), users())).rejects.toThrow(/'Users'.*@CacheConfig\(\{ id/);
  const [one, other] = [users('one'), users('other')];
  const app = await start(one, other);
  expect([await app.get(one).find(), await app.get(other).find()]).toEqual(['of one', 'of other']);
  expect(app.get(CacheService).keyOf(app.get(one), 'find', [])).toMatch(/^one\.find:[0-9a-f]{64}$/);
});

it('O9: an id that is the name of another class, or given twice, stops the boot too', async () => {
  await expect(start(users('same'), users('same'))).rejects.toThrow(/'same'/);
  await expect(start(users(), users('Users'))).rejects.toThrow(/'Users'/);
});

it('one class provided under two tokens is no clash', async () => {
  @Injectable()
  class Texts {
    @Cacheable()
    async find(): Promise<number> {
      return Math.random();
    }
  }
  const app = await Test.createTestingModule({
    imports: [BlossomCacheModule.forRoot()],
    providers: [Texts, { provide: 'again', useClass: Texts }],
  }).compile();
  apps.push(await app.init());
  expect(await app.get(Texts).find()).toBe(await app.get<Texts>('again').find());
});
