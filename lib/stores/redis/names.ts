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
