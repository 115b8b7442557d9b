import { javaHashBytes } from '@mq/remoting/message';

const MAX_TEXTS = 1024;

/** Strings of byte ranges that repeat (topics), made once each. */
export class TextCache {
  readonly #texts = new Map<number, { readonly bytes: Buffer; readonly text: string }>();

  /** `buf[start, end)` as UTF-8 text. */
  get(buf: Buffer, start: number, end: number): string {
    const hash = javaHashBytes(buf, start, end);
    const known = this.#texts.get(hash);
    if (known !== undefined && known.bytes.compare(buf, start, end) === 0) return known.text;
    const text = buf.toString('utf8', start, end);
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(hash, { bytes: Buffer.from(buf.subarray(start, end)), text });
    return text;
  }
}
