import { EventEmitter } from 'node:events';

/** How adapters fail: each of these is what some adapter of Keyv does. */
export type Failure = 'rejects' | 'announces it and answers nothing' | 'throws' | 'does not answer';

/** A storage adapter that fails as it is told to. What it did not answer takes effect when it is let go. */
export class FailingAdapter extends EventEmitter {
  failure: Failure | undefined;
  /** Calls so far. */
  asked = 0;
  readonly texts = new Map<string, string>();

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  get(name: string): Promise<string | undefined> {
    return this.#answer(() => this.texts.get(name));
  }

  set(name: string, text: string): Promise<void> {
    return this.#answer(() => void this.texts.set(name, text)) as Promise<void>;
  }

  delete(name: string): Promise<boolean | undefined> {
    return this.#answer(() => this.texts.delete(name));
  }

  clear(): never {
    throw new Error('nobody but its owner may empty a whole store');
  }

  letGo(): void {
    this.failure = undefined;
    this.emit('let go');
  }

  #answer<T>(effect: () => T): Promise<T | undefined> {
    this.asked += 1;
    if (this.failure === 'throws') throw new Error('no connection');
    return this.#later(effect);
  }

  async #later<T>(effect: () => T): Promise<T | undefined> {
    if (this.failure === 'rejects') throw new Error('no connection');
    if (this.failure === 'does not answer') await new Promise<void>((resolve) => this.once('let go', resolve));
    if (this.failure !== 'announces it and answers nothing') return effect();
    this.emit('error', new Error('no connection'));
    return undefined;
  }
}
