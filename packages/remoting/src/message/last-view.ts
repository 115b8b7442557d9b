/**
 * The DataView of the buffer that was asked for last. It reads and writes four bytes at once, but making one costs as much as a
 * small record; records and batches are written to one buffer many times in a row.
 */
export class LastView {
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}
