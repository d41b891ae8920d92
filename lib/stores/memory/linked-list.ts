/** A node that carries its own links; it is in one list at most. */
export interface Linked<N> {
  prev: N | undefined;
  next: N | undefined;
}

/** A doubly linked list through its nodes: every operation takes the same time however long it is. */
export class LinkedList<N extends Linked<N>> {
  #first: N | undefined;
  #last: N | undefined;

  get first(): N | undefined {
    return this.#first;
  }

  append(node: N): void {
    node.prev = this.#last;
    node.next = undefined;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
  }

  /** Makes a node of this list its last one. */
  toEnd(node: N): void {
    const { prev, next } = node;
    const last = this.#last;
    if (next === undefined || last === undefined) return;
    if (prev === undefined) this.#first = next;
    else prev.next = next;
    next.prev = prev;
    last.next = node;
    node.prev = last;
    node.next = undefined;
    this.#last = node;
  }

  /** Takes out a node of this list. */
  remove(node: N): void {
    if (node.prev === undefined) this.#first = node.next;
    else node.prev.next = node.next;
    if (node.next === undefined) this.#last = node.prev;
    else node.next.prev = node.prev;
    node.prev = undefined;
    node.next = undefined;
  }
}
