/** Who waits for the answer to a read of one key. */
export interface PendingRead {
  readonly key: string;
  /** Whether nothing has happened to the key since the read was asked for. */
  untouched: boolean;
}

/** Reads that are asked for and not answered yet: what changes meanwhile, they may not know of. */
export class PendingReads {
  readonly #reads = new Map<string, Set<PendingRead>>();

  begin(key: string): PendingRead {
    const read = { key, untouched: true };
    const others = this.#reads.get(key);
    if (others === undefined) this.#reads.set(key, new Set([read]));
    else others.add(read);
    return read;
  }

  end(read: PendingRead): void {
    const reads = this.#reads.get(read.key);
    if (reads?.delete(read) === true && reads.size === 0) this.#reads.delete(read.key);
  }

  touch(key: string): void {
    if (this.#reads.size === 0) return;
    for (const read of this.#reads.get(key) ?? []) read.untouched = false;
  }

  touchAll(): void {
    for (const key of this.#reads.keys()) this.touch(key);
  }
}
