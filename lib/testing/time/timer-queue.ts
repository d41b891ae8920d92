/** A task that waits for its time. */
export interface Timer {
  readonly at: number;
  /** Which of those for the same time comes first: the lower. */
  readonly rank: number;
  readonly task: () => void;
  cancelled: boolean;
}

/** Tasks by their time: a binary heap, in which those that were cancelled stay until they are many or come first. */
export class TimerQueue {
  #heap: Timer[] = [];
  #cancelled = 0;

  /** Tasks that wait. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Returns what cancels it. */
  add(at: number, rank: number, task: () => void): () => void {
    const timer = { at, rank, task, cancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return () => this.#cancel(timer);
  }

  /** The one that comes next, which stays. */
  first(): Timer | undefined {
    while (this.#heap[0]?.cancelled === true) {
      this.#remove();
      this.#cancelled -= 1;
    }
    return this.#heap[0];
  }

  /** The one that comes next, taken out. */
  shift(): Timer | undefined {
    const timer = this.first();
    if (timer === undefined) return undefined;
    this.#remove();
    // It has had its turn: cancelling it changes nothing any more.
    timer.cancelled = true;
    return timer;
  }

  #cancel(timer: Timer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled > this.#heap.length / 2) this.#compact();
  }

  #compact(): void {
    // An ordered array is a heap.
    this.#heap = this.#heap.filter(({ cancelled }) => !cancelled).toSorted((a, b) => a.at - b.at || a.rank - b.rank);
    this.#cancelled = 0;
  }

  #remove(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    let place = index;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = timer;
  }

  #sink(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    let place = index;
    for (;;) {
      const child = this.#earlierChild(place);
      if (child === undefined || !isBefore(heap[child]!, timer)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = timer;
  }

  #earlierChild(place: number): number | undefined {
    const left = 2 * place + 1;
    if (left >= this.#heap.length) return undefined;
    const right = left + 1;
    return right < this.#heap.length && isBefore(this.#heap[right]!, this.#heap[left]!) ? right : left;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.rank < other.rank);
}
