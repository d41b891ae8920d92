import { createHash } from 'node:crypto';

/** What a text in the store is: an entry, or the stamp of a key, of a namespace, of a tag or of all tags together. */
export type NameKind = 'entry' | 'key' | 'space' | 'tag' | 'soft' | 'tags';

/** Characters up to which a name is readable in the store. */
const LONGEST = 200;
/** What no store, and nothing in front of one, folds, trims, escapes or strips. */
const SAFE = /^(?:[a-z0-9:._]|-(?!-))*$/;

/**
 * Names in the store of one cache. Each part is written with its length, so that no two of them are one name. A name
 * that is long or has other characters than `a-z 0-9 : . _ -` becomes its SHA-256: there are stores that take capital
 * letters for small ones, or cannot keep a line break.
 */
export class Names {
  constructor(
    private readonly prefix: string,
    private readonly version: string,
  ) {}

  of(kind: NameKind, ...parts: readonly string[]): string {
    const all = [kind, this.prefix, this.version, ...parts];
    const readable = all.map((part) => `${part.length}:${part}`).join(':');
    if (readable.length <= LONGEST && SAFE.test(readable)) return `blossom:${readable}`;
    return `blossom:sha256:${createHash('sha256').update(JSON.stringify(all)).digest('hex')}`;
  }
}
