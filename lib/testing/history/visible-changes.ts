import type { ChangeRecord } from './history.js';

/** Finds, among changes in the order of their beginnings, the one after an instant that a node has to know of first. */
export class VisibleChanges {
  /** For each node and list: of every change and those after it, the one that is visible first. */
  readonly #firsts = new Map<string, WeakMap<readonly ChangeRecord[], readonly ChangeRecord[]>>();

  /** @param allowance milliseconds after which one node has to know of what another one did */
  constructor(private readonly allowance: number) {}

  /** A change that began after `since` and that `node` had to know of before `at`. */
  between(changes: readonly ChangeRecord[], since: number, at: number, node: string): ChangeRecord | undefined {
    const first = this.#firstsOf(changes, node)[firstAfter(changes, since)];
    return first !== undefined && this.#visibleAt(first, node) < at ? first : undefined;
  }

  #firstsOf(changes: readonly ChangeRecord[], node: string): readonly ChangeRecord[] {
    const known = this.#firsts.get(node) ?? new WeakMap<readonly ChangeRecord[], readonly ChangeRecord[]>();
    this.#firsts.set(node, known);
    const firsts = known.get(changes) ?? this.#findFirsts(changes, node);
    known.set(changes, firsts);
    return firsts;
  }

  #findFirsts(changes: readonly ChangeRecord[], node: string): readonly ChangeRecord[] {
    const firsts = [...changes];
    for (let i = firsts.length - 2; i >= 0; i -= 1) {
      const later = firsts[i + 1]!;
      if (this.#visibleAt(later, node) < this.#visibleAt(firsts[i]!, node)) firsts[i] = later;
    }
    return firsts;
  }

  /** From when on a node has to know of a change; for ever unknown where its caller was told that it failed. */
  #visibleAt({ node: by, end, failed, acknowledged }: ChangeRecord, node: string): number {
    if (failed || end === null) return Infinity;
    if (by === node) return end;
    return acknowledged === null ? Infinity : Math.max(acknowledged, end) + this.allowance;
  }
}

/** The index of the first that began after an instant. */
function firstAfter(changes: readonly ChangeRecord[], since: number): number {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.begin > since) high = middle;
    else low = middle + 1;
  }
  return low;
}
