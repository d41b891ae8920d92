/**
 * Under which key what is kept. The parts before the last are escaped, so that no two things share a name; the
 * last one is readable as it is.
 */
export class Names {
  readonly #base: string;

  /** @param keyPrefix what the application's client puts before every key */
  constructor(prefix: string, version: string, keyPrefix = '') {
    this.#base = `${keyPrefix}blossom:${part(prefix)}:${part(version)}:`;
  }

  /** What encrypted entries are bound to besides their key. */
  scope(namespace: string): string {
    return `${this.#base}${part(namespace)}`;
  }

  /** What comes before the keys of a namespace. */
  entries(namespace: string): string {
    return `${this.#base}e:${part(namespace)}:`;
  }

  /** Of the stamp of a namespace. */
  namespace(namespace: string): string {
    return `${this.#base}n:${part(namespace)}`;
  }

  /** Of the stamp of a tag. */
  tag(tag: string): string {
    return `${this.#base}t:${tag}`;
  }

  /** Every entry, in the language of SCAN. */
  get everyEntry(): string {
    return `${this.#base.replaceAll(/[*?[\]\\^]/g, '\\$&')}e:*`;
  }

  /** Of the stamp of the namespace that an entry is in; undefined where the name is not that of an entry. */
  namespaceOf(entry: string): string | undefined {
    const end = entry.indexOf(':', this.#base.length + 2);
    return end === -1 ? undefined : `${this.#base}n:${entry.slice(this.#base.length + 2, end)}`;
  }

  /** Says that entries without an end have been stored. */
  get endless(): string {
    return `${this.#base}endless`;
  }

  /** Held by the process that sweeps. */
  get sweep(): string {
    return `${this.#base}sweep`;
  }

  /** Of the list of the tags that were invalidated last. */
  get log(): string {
    return `${this.#base}l`;
  }
}

function part(name: string): string {
  return name === '' ? '-' : encoded(name);
}

function encoded(name: string): string {
  return name === '-' ? '%2D' : name.replaceAll('%', '%25').replaceAll(':', '%3A');
}
