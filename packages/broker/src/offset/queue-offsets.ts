/** Queue ids below this are kept in a flat array that costs 8 bytes a queue; larger ones in a map. */
const DENSE_LIMIT = 1024;
const NONE = -1;

/** queueId → offset of one topic and group. `set` on a known queue allocates nothing. */
export class QueueOffsets {
  #dense = new Float64Array(0);
  #sparse: Map<number, number> | undefined;

  /** The offset of the queue, -1 when none is known. */
  get(queueId: number): number {
    if (queueId >= 0 && queueId < this.#dense.length) return this.#dense[queueId] as number;
    return this.#sparse?.get(queueId) ?? NONE;
  }

  set(queueId: number, offset: number): void {
    if (queueId < 0 || queueId >= DENSE_LIMIT) {
      (this.#sparse ??= new Map()).set(queueId, offset);
      return;
    }
    if (queueId >= this.#dense.length) this.#grow(queueId);
    this.#dense[queueId] = offset;
  }

  /** Removes and returns the queue's offset; -1 when none is known. */
  take(queueId: number): number {
    const offset = this.get(queueId);
    if (queueId >= 0 && queueId < this.#dense.length) this.#dense[queueId] = NONE;
    else this.#sparse?.delete(queueId);
    return offset;
  }

  get isEmpty(): boolean {
    for (const offset of this.#dense) if (offset !== NONE) return false;
    return (this.#sparse?.size ?? 0) === 0;
  }

  /** Known queues and their offsets, ascending by queue id. */
  toMap(): Map<number, number> {
    const map = new Map<number, number>();
    this.#dense.forEach((offset, queueId) => {
      if (offset !== NONE) map.set(queueId, offset);
    });
    if (this.#sparse !== undefined) {
      for (const [queueId, offset] of [...this.#sparse].sort(([a], [b]) => a - b)) map.set(queueId, offset);
    }
    return map;
  }

  #grow(queueId: number): void {
    let size = Math.max(4, this.#dense.length);
    while (size <= queueId) size *= 2;
    const larger = new Float64Array(size).fill(NONE);
    larger.set(this.#dense);
    this.#dense = larger;
  }
}
