/** The place of a value in a list. Who took it out may keep it: it refers to no other. */
export class LinkedNode<T> {
  /** The one before it in its list. */
  previous: LinkedNode<T> | undefined;
  /** The one behind it in its list. */
  next: LinkedNode<T> | undefined;

  constructor(
    /** What was added. */
    readonly value: T,
    /** The list it is in; undefined once it was taken out. */
    public list: LinkedList<T> | undefined,
  ) {}

  /** Takes the value out of its list, if it is in one. */
  leave(): void {
    this.list?.remove(this);
  }
}

/**
 * Values in the order they came, for what comes and goes thousands of times a second. A `Set` would do, but the engine
 * makes it a new table every so many changes, and each old table refers to the newer one: once such a table grew old, all
 * that follow it outlive every minor collection, with what they held (0.5 KB a message with long polling, and pauses
 * five times as long).
 */
export class LinkedList<T> {
  #first: LinkedNode<T> | undefined;
  #last: LinkedNode<T> | undefined;
  #size = 0;

  /** Values in the list. */
  get size(): number {
    return this.#size;
  }

  /** Where the value stands that came first. */
  get first(): LinkedNode<T> | undefined {
    return this.#first;
  }

  /** Behind all others. */
  add(value: T): LinkedNode<T> {
    const node = new LinkedNode(value, this);
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** Does nothing when `node` is not in this list. */
  remove(node: LinkedNode<T>): void {
    if (node.list !== this) return;
    const { previous, next } = node;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    node.previous = node.next = node.list = undefined;
    this.#size--;
  }

  /** The value that came first is taken out; undefined when there is none. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.value;
  }

  /** The walk may take out the value it was given last. Loops of a hot path begin at `first` instead. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let node = this.#first; node !== undefined;) {
      const { next } = node;
      yield node.value;
      node = next;
    }
  }
}
