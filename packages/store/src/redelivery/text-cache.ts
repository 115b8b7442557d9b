import { javaHashBytes } from '@mq/remoting/message';

const MAX_TEXTS = 1024;

/** Strings of byte ranges that repeat (topics), made once each. */
export class TextCache {
  readonly #texts = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();

  /** `buf[start, end)` as UTF-8 text. */
  get(buf: Buffer, start: number, end: number): string {
    const hash = javaHashBytes(buf, start, end);
    const known = this.#texts.get(hash);
    if (known !== undefined && isSame(known.bytes, buf, start, end)) return known.text;
    const text = buf.toString('utf8', start, end);
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    // Memory of its own: a copy in Node's pool would keep 8 KiB of what others wrote there.
    this.#texts.set(hash, { bytes: new Uint8Array(buf.subarray(start, end)), text });
    return text;
  }
}

function isSame(bytes: Uint8Array, buf: Buffer, start: number, end: number): boolean {
  return buf.compare(bytes, 0, bytes.length, start, end) === 0;
}
