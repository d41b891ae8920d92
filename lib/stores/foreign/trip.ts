import type { CacheError } from '../../errors/cache.errors.js';
import type { ForeignBackend } from './foreign.backend.js';

/** What a trip needs of the wire it goes over. */
export interface Route {
  readonly backend: Promise<ForeignBackend>;
  /** The error that a failure of the store becomes. */
  failure(cause: unknown): CacheError;
  /** So many calls have been left behind by a trip that is over; fewer, as they settle. */
  left(change: number): void;
}

/** What is no text, and no absence either: the store could not make sense of what it has there. */
const GARBAGE = Symbol('garbage');

/** One operation on its way: everything it asks of the store fails when its time is over. */
export class Trip {
  readonly #calls = new Set<(error: CacheError) => void>();
  #over: CacheError | undefined;
  #unanswered = 0;

  constructor(private readonly route: Route) {}

  /** What is stored under the name: a text, `undefined`, or something else that is no entry. */
  async get(name: string): Promise<unknown> {
    const found = await this.#ask((backend) => backend.get(name).catch(garbled));
    return found ?? undefined;
  }

  getAll(names: readonly string[]): Promise<unknown[]> {
    return Promise.all(names.map((name) => this.get(name)));
  }

  set(name: string, text: string, ttl: number): Promise<void> {
    return this.#ask((backend) => backend.set(name, text, Math.ceil(ttl)));
  }

  delete(name: string): Promise<void> {
    return this.#ask((backend) => backend.delete(name));
  }

  deleteAll(names: readonly string[]): Promise<unknown> {
    return Promise.all(names.map((name) => this.delete(name)));
  }

  /** The store itself, once it is there. */
  backend(): Promise<ForeignBackend> {
    return this.#ask(async (backend) => backend);
  }

  /** Fails what it waits for, and whatever it asks from now on. */
  end(error: CacheError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.route.left(this.#unanswered);
    for (const fail of this.#calls) fail(error);
  }

  #ask<T>(call: (backend: ForeignBackend) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      this.#calls.add(reject);
      this.#unanswered += 1;
      this.#send(call)
        .then(resolve, (cause: unknown) => reject(this.route.failure(cause)))
        .finally(() => this.#answered(reject));
    });
  }

  async #send<T>(call: (backend: ForeignBackend) => Promise<T>): Promise<T> {
    const backend = await this.route.backend;
    // It may be over by now: then the store is not to hear of it any more.
    if (this.#over !== undefined) throw this.#over;
    return call(backend);
  }

  #answered(reject: (error: CacheError) => void): void {
    this.#calls.delete(reject);
    this.#unanswered -= 1;
    if (this.#over !== undefined) this.route.left(-1);
  }
}

/** A text that the library in front of the store cannot parse is no failure of the store. */
function garbled(error: unknown): typeof GARBAGE {
  if (error instanceof SyntaxError || error instanceof TypeError) return GARBAGE;
  throw error;
}
