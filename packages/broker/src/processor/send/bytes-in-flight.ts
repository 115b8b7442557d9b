/** Bytes of sends that wait for the store, against a bound. In place of upstream's bounded thread pool queue. */
export class BytesInFlight {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** False, and nothing counted, when the bound would be passed. One message always fits an empty count. */
  tryAdd(bytes: number, bound: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > bound) return false;
    this.#bytes += bytes;
    return true;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}
