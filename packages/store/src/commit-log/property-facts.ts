// What dispatch needs from a record's properties, found in one pass over the bytes and without making strings.
import { javaHashBytes, NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR } from '@mq/remoting/message';
import type { DispatchRecord } from '../dispatch/dispatch-record.js';

const TAGS = Buffer.from('TAGS');
const KEYS = Buffer.from('KEYS');
const DELAY = Buffer.from('DELAY');
const UNIQ_KEY = Buffer.from('UNIQ_KEY');

/** Where a value stands in the scanned buffer; start -1 = absent. Reused from scan to scan. */
export class PropertyFacts {
  tagsStart = -1;
  tagsEnd = -1;
  keysStart = -1;
  keysEnd = -1;
  uniqKeyStart = -1;
  uniqKeyEnd = -1;
  delayStart = -1;
  delayEnd = -1;

  /** Scans the properties text `[start, end)`. Of a repeated name the last value counts, as for every reader. */
  scan(buf: Buffer, start: number, end: number): void {
    this.tagsStart = this.keysStart = this.uniqKeyStart = this.delayStart = -1;
    let nameStart = start;
    while (nameStart < end) {
      let at = nameStart;
      while (at < end && buf[at]! > PROPERTY_SEPARATOR) at++;
      const nameEnd = at;
      if (at < end && buf[at] === NAME_VALUE_SEPARATOR) at++;
      const valueStart = at;
      while (at < end && buf[at] !== PROPERTY_SEPARATOR) at++;
      if (valueStart > nameEnd && at > valueStart) this.#take(buf, nameStart, nameEnd, valueStart, at);
      nameStart = at + 1;
    }
  }

  /** Takes over what an earlier scan found of a record that has its tags code already. */
  take(record: Pick<DispatchRecord, 'uniqKeyStart' | 'uniqKeyEnd' | 'keysStart' | 'keysEnd'>): void {
    this.tagsStart = this.delayStart = -1;
    this.uniqKeyStart = record.uniqKeyEnd > record.uniqKeyStart ? record.uniqKeyStart : -1;
    this.uniqKeyEnd = record.uniqKeyEnd;
    this.keysStart = record.keysEnd > record.keysStart ? record.keysStart : -1;
    this.keysEnd = record.keysEnd;
  }

  /** Java hash of the TAGS text; 0 without tags. */
  tagsCode(buf: Buffer): number {
    return this.tagsStart < 0 ? 0 : javaHashBytes(buf, this.tagsStart, this.tagsEnd);
  }

  /** The DELAY level as a number, or 0. */
  delayLevel(buf: Buffer): number {
    if (this.delayStart < 0) return 0;
    const level = Number(buf.toString('latin1', this.delayStart, this.delayEnd));
    return Number.isInteger(level) ? level : 0;
  }

  #take(buf: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    switch (nameEnd - nameStart) {
      case 4:
        if (isName(buf, nameStart, TAGS)) {
          this.tagsStart = valueStart;
          this.tagsEnd = valueEnd;
        } else if (isName(buf, nameStart, KEYS)) {
          this.keysStart = valueStart;
          this.keysEnd = valueEnd;
        }
        return;
      case 5:
        if (isName(buf, nameStart, DELAY)) {
          this.delayStart = valueStart;
          this.delayEnd = valueEnd;
        }
        return;
      case 8:
        if (isName(buf, nameStart, UNIQ_KEY)) {
          this.uniqKeyStart = valueStart;
          this.uniqKeyEnd = valueEnd;
        }
        return;
    }
  }
}

function isName(buf: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (buf[at + i] !== name[i]) return false;
  return true;
}
