// Writers for response headers that go from fields to bytes without an ext object (HotResponseHeader): sends and pulls
// are answered many thousand times a second. Each field is written by two calls: its name, prepared once, and its value.
//
//   ROCKETMQ:  int16 length, name | int32 length, value          JSON:  "name":"value" ,

import { writeDecimal, writeInt32 } from '@mq/remoting';

const QUOTE = 0x22;
const COMMA = 0x2c;
/** Most digits of a signed integer up to 2^53. */
export const MAX_DIGITS = 17;
/** What a field costs besides its name and value, in the dearer of the two forms. */
const FIELD_OVERHEAD = 6;

/** The name of a field, ready for both forms. */
export class ExtKey {
  readonly rocketmq: Buffer;
  readonly json: Buffer;

  constructor(name: string) {
    const bytes = Buffer.from(name);
    this.rocketmq = Buffer.concat([Buffer.from([bytes.length >>> 8, bytes.length & 0xff]), bytes]);
    this.json = Buffer.from(`"${name}":"`);
  }

  /** Bytes a field of this name takes at most with a value of `valueBytes` bytes. */
  maxBytes(valueBytes: number): number {
    return this.json.length + valueBytes + FIELD_OVERHEAD;
  }
}

/** One whole entry in the ROCKETMQ form, for values that hardly ever change. */
export function rocketmqEntry(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const entry = Buffer.alloc(new ExtKey(name).maxBytes(bytes.length));
  return entry.subarray(0, writeRocketmqBytes(entry, 0, new ExtKey(name), bytes, 0, bytes.length));
}

/** The value is `source[start, end)`. */
export function writeRocketmqBytes(
  target: Buffer,
  at: number,
  key: ExtKey,
  source: Buffer,
  start: number,
  end: number,
): number {
  const valueAt = copyShort(key.rocketmq, 0, key.rocketmq.length, target, at) + 4;
  writeInt32(target, end - start, valueAt - 4);
  return copyShort(source, start, end, target, valueAt);
}

export function writeRocketmqNumber(target: Buffer, at: number, key: ExtKey, value: number): number {
  const valueAt = copyShort(key.rocketmq, 0, key.rocketmq.length, target, at) + 4;
  const end = writeDecimal(target, value, valueAt);
  writeInt32(target, end - valueAt, valueAt - 4);
  return end;
}

/** The value is `source[start, end)` and must need no escaping. */
export function writeJsonBytes(
  target: Buffer,
  at: number,
  key: ExtKey,
  source: Buffer,
  start: number,
  end: number,
): number {
  const valueAt = copyShort(key.json, 0, key.json.length, target, at);
  return closeJson(target, copyShort(source, start, end, target, valueAt), false);
}

/** A comma follows unless `isLast`. */
export function writeJsonNumber(
  target: Buffer,
  at: number,
  key: ExtKey,
  value: number,
  isLast = false,
): number {
  return closeJson(
    target,
    writeDecimal(target, value, copyShort(key.json, 0, key.json.length, target, at)),
    isLast,
  );
}

function closeJson(target: Buffer, at: number, isLast: boolean): number {
  target[at] = QUOTE;
  if (isLast) return at + 1;
  target[at + 1] = COMMA;
  return at + 2;
}

/** Copies a few bytes; a loop beats the call into the runtime for what headers hold. Gives the end position. */
function copyShort(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  const shift = at - start;
  for (let index = start; index < end; index++) target[index + shift] = source[index] as number;
  return end + shift;
}
