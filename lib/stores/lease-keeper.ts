/** Renews the leases of this process as long as they are held. */
export class LeaseKeeper<L> {
  readonly #held = new Set<L>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** Milliseconds between two renewals. */
    private readonly pause: number,
    /** What cannot be renewed now is tried again, or runs out. */
    private readonly renew: (lease: L) => Promise<unknown>,
  ) {}

  add(lease: L): void {
    this.#held.add(lease);
    this.#timer ??= setInterval(() => this.#renew(), this.pause).unref();
  }

  delete(lease: L): void {
    this.#held.delete(lease);
    if (this.#held.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #renew(): void {
    for (const lease of this.#held) this.renew(lease).catch(() => {});
  }
}
