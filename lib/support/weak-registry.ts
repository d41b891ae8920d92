/**
 * One live object per name, held weakly: an application may open a namespace per tenant, and those nobody
 * uses any more, and that hold no entry, are collected.
 */
export class WeakRegistry<T extends object> {
  readonly #live = new Map<string, WeakRef<T>>();
  readonly #collected = new FinalizationRegistry<string>((name) => {
    if (this.#live.get(name)?.deref() === undefined) this.#live.delete(name);
  });

  constructor(private readonly create: (name: string) => T) {}

  get(name: string): T {
    const known = this.#live.get(name)?.deref();
    if (known !== undefined) return known;
    const created = this.create(name);
    this.#live.set(name, new WeakRef(created));
    this.#collected.register(created, name);
    return created;
  }
}
