import { serve, settings } from './serve.mjs';
import { draft, openStore } from './store.mjs';

/** Writes a directory full of entries, many of which are not what was first stored under their key. */
class Dataset {
  expected = {};
  #store;

  async write() {
    this.#open();
    for (const space of ['a', 'b', 'c']) await this.#set(space, 1, () => true);
    await this.#store.close();
    this.#open();
    await this.#set('a', 2, (i) => i % 2 === 0);
    await this.#set('b', 2, (i) => i % 2 === 0);
    await this.#delete('a', (i) => i % 7 === 3);
    await this.#invalidate(1);
    await this.#clear('c');
    await this.#set('c', 2, (i) => i % 2 === 0);
    await this.#store.close();
    this.#open();
    await this.#set('a', 3, (i) => i % 4 === 0);
    await this.#delete('a', (i) => i % 11 === 5);
    await this.#delete('c', (i) => i % 5 === 0);
    await this.#invalidate(2);
    await this.#clear('b');
    await this.#set('b', 3, (i) => i % 3 === 0);
    if (settings.close) await this.#store.close();
    return this.expected;
  }

  #open() {
    this.#store = openStore(settings).store;
  }

  async #set(space, version, which) {
    const held = (this.expected[space] ??= {});
    for (const i of indexes(which)) {
      const key = `${space} ${i}`;
      const size = i % 10 === 9 ? 15_000 : 100 + i * 17;
      const value = { key, version, pad: `${version}`.repeat(size) };
      await this.#store.space(space).write(key, draft(value, i % 3 === 0 ? [`t${i % 5}`] : []));
      held[key] = { version, size, tag: i % 3 === 0 ? i % 5 : undefined };
    }
  }

  async #delete(space, which) {
    for (const i of indexes(which)) {
      await this.#store.space(space).remove(`${space} ${i}`);
      delete this.expected[space][`${space} ${i}`];
    }
  }

  async #invalidate(tag) {
    await this.#store.invalidateTags([`t${tag}`]);
    for (const held of Object.values(this.expected)) {
      for (const [key, entry] of Object.entries(held)) if (entry.tag === tag) delete held[key];
    }
  }

  async #clear(space) {
    await this.#store.space(space).clear();
    this.expected[space] = {};
  }
}

function indexes(which) {
  return Array.from({ length: settings.keys }, (_, i) => i).filter(which);
}

serve({ write: () => new Dataset().write() });
