/** Holds loads open until a test says how they go on. Once it was opened it holds nobody any more. */
export class Gate {
  /** Resolves when somebody has come to the gate. */
  readonly entered: Promise<void>;
  readonly #opened: Promise<void>;
  #open!: () => void;
  #refuse!: (error: unknown) => void;
  #enter!: () => void;
  #inside = 0;
  #visits = 0;

  constructor() {
    this.entered = new Promise((resolve) => (this.#enter = resolve));
    this.#opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    // Nobody may have come when it fails.
    this.#opened.catch(() => {});
  }

  /** Those who wait at the gate. */
  get inside(): number {
    return this.#inside;
  }

  /** How often somebody came, those who were held and those who were not. */
  get visits(): number {
    return this.#visits;
  }

  /** To be returned by a loader: the value, when the gate is opened. */
  async hold<T>(value: T): Promise<T> {
    this.#inside += 1;
    this.#visits += 1;
    this.#enter();
    try {
      await this.#opened;
      return value;
    } finally {
      this.#inside -= 1;
    }
  }

  open(): void {
    this.#open();
  }

  /** All who wait, and all who come, reject with this error. */
  fail(error: unknown): void {
    this.#refuse(error);
  }
}
