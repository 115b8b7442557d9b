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

/** Bytes of a text in both forms, made once for values that hardly ever change. */
export class ExtText {
  readonly bytes: Buffer;
  /** Inside of the JSON string, escaped. */
  readonly json: Buffer;

  constructor(text: string) {
    this.bytes = Buffer.from(text);
    this.json = Buffer.from(JSON.stringify(text).slice(1, -1));
  }

  get maxBytes(): number {
    return Math.max(this.bytes.length, this.json.length);
  }
}

export function writeRocketmqBytes(target: Buffer, at: number, key: ExtKey, value: Buffer): number {
  const valueAt = copyShort(key.rocketmq, target, at) + 4;
  writeInt32(target, value.length, valueAt - 4);
  return copyShort(value, target, valueAt);
}

export function writeRocketmqNumber(target: Buffer, at: number, key: ExtKey, value: number): number {
  const valueAt = copyShort(key.rocketmq, target, at) + 4;
  const end = writeDecimal(target, value, valueAt);
  writeInt32(target, end - valueAt, valueAt - 4);
  return end;
}

/** `value` must need no escaping. A comma follows unless `isLast`. */
export function writeJsonBytes(
  target: Buffer,
  at: number,
  key: ExtKey,
  value: Buffer,
  isLast = false,
): number {
  return closeJson(target, copyShort(value, target, copyShort(key.json, target, at)), isLast);
}

export function writeJsonNumber(
  target: Buffer,
  at: number,
  key: ExtKey,
  value: number,
  isLast = false,
): number {
  return closeJson(target, writeDecimal(target, value, copyShort(key.json, target, at)), isLast);
}

function closeJson(target: Buffer, at: number, isLast: boolean): number {
  target[at] = QUOTE;
  if (isLast) return at + 1;
  target[at + 1] = COMMA;
  return at + 2;
}

/** Copies a few bytes; a loop beats the call into the runtime for what headers hold. Gives the end position. */
function copyShort(source: Buffer, target: Buffer, at: number): number {
  const length = source.length;
  for (let index = 0; index < length; index++) target[at + index] = source[index] as number;
  return at + length;
}
