import type { PropertySource } from '@mq/filter';
import { NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR, RecordLayout } from '@mq/remoting/message';

/** Names come from the expressions of consumers; beyond this many they are encoded again. */
const MAX_NAMES = 10_000;

/**
 * The properties of one stored record at a time, found in its bytes as an expression asks for them: a message is not decoded
 * to be filtered out. Reused from record to record.
 */
export class RecordProperties implements PropertySource {
  readonly #layout = new RecordLayout();
  readonly #names = new Map<string, Buffer>();
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Of the record at `buffer[at, at + length)`; one that is none has no properties. */
  ofRecord(buffer: Buffer, at: number, length: number): this {
    const isRecord = this.#layout.locate(buffer, at, at + length);
    return isRecord
      ? this.of(buffer, this.#layout.propertiesStart, this.#layout.propertiesEnd)
      : this.of(buffer, 0, 0);
  }

  /** Of the properties text `buffer[start, end)`. */
  of(buffer: Buffer, start: number, end: number): this {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    return this;
  }

  /** Of a repeated name the last value counts, as for every reader. */
  property(name: string): string | undefined {
    const buffer = this.#buffer;
    const end = this.#end;
    const wanted = this.#encoded(name);
    let valueStart = -1;
    let valueEnd = -1;
    for (let at = this.#start; at < end;) {
      const nameStart = at;
      while (at < end && buffer[at]! > PROPERTY_SEPARATOR) at++;
      const nameEnd = at;
      if (at < end && buffer[at] === NAME_VALUE_SEPARATOR) at++;
      const start = at;
      while (at < end && buffer[at] !== PROPERTY_SEPARATOR) at++;
      if (start > nameEnd && at > start && isSame(buffer, nameStart, nameEnd, wanted)) {
        valueStart = start;
        valueEnd = at;
      }
      at++;
    }
    return valueStart < 0 ? undefined : buffer.toString('utf8', valueStart, valueEnd);
  }

  #encoded(name: string): Buffer {
    let bytes = this.#names.get(name);
    if (bytes === undefined) {
      if (this.#names.size >= MAX_NAMES) this.#names.clear();
      this.#names.set(name, (bytes = Buffer.from(name)));
    }
    return bytes;
  }
}

function isSame(buffer: Buffer, start: number, end: number, wanted: Buffer): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (buffer[start + i] !== wanted[i]) return false;
  return true;
}
