// The properties text of a record: name 0x01 value 0x02, repeated (upstream: MessageDecoder#string2messageProperties).
//
// Reading is tolerant, as upstream's (MessageDecoder.string2messageProperties): split at 0x02, then at the first
// 0x01; a chunk under 3 characters, or with an empty name or value, is dropped; a repeated name keeps the last
// value; the 0x02 at the very end may be missing (senders 4.9.0 - 5.1.x strip it). There is no escaping.

/** Byte between a property's name and its value. */
export const NAME_VALUE_SEPARATOR = 0x01;
/** Byte behind a property. */
export const PROPERTY_SEPARATOR = 0x02;

const NAME_VALUE = '\u0001';
const PROPERTY = '\u0002';

/**
 * Text form, in the object's own key order, every pair closed by 0x02 (as 5.2 and newer). A pair with an empty name or
 * value is left out: no reader would see it. Throws TypeError for a name or value that a reader would take apart
 * (upstream writes it and corrupts the neighbours).
 */
export function encodeProperties(properties: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name of Object.keys(properties)) {
    const value = properties[name]!;
    if (name === '' || value === '') continue;
    text += encodeProperty(name, value);
  }
  return text;
}

/** Text form of one property; none of the two may be empty. Throws TypeError as `encodeProperties` does. */
export function encodeProperty(name: string, value: string): string {
  if (value.includes(PROPERTY) || name.includes(PROPERTY) || name.includes(NAME_VALUE)) {
    throw new TypeError(`property ${JSON.stringify(name)} contains a separator (0x01 or 0x02)`);
  }
  return name + NAME_VALUE + value + PROPERTY;
}

/** Prototype-less record of the pairs in `text`. Never throws. */
export function decodeProperties(text: string): Record<string, string> {
  const properties = Object.create(null) as Record<string, string>;
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf(PROPERTY, start);
    const end = found < 0 ? text.length : found;
    if (end - start >= 3) {
      const split = text.indexOf(NAME_VALUE, start);
      if (split > start && split < end - 1) properties[text.slice(start, split)] = text.slice(split + 1, end);
    }
    start = end + 1;
  }
  return properties;
}

/** Calls `visit` for every valid pair of the properties bytes `[start, end)` with the positions of name and value (half-open). */
export function scanProperties(
  buf: Buffer,
  start: number,
  end: number,
  visit: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void,
): void {
  let nameStart = start;
  let split = -1;
  for (let i = start; i <= end; i++) {
    const byte = i === end ? PROPERTY_SEPARATOR : buf[i]!;
    if (byte === NAME_VALUE_SEPARATOR) {
      if (split < 0) split = i;
    } else if (byte === PROPERTY_SEPARATOR) {
      if (split > nameStart && i > split + 1) visit(nameStart, split, split + 1, i);
      nameStart = i + 1;
      split = -1;
    }
  }
}

/** Value of the last pair named `name`, or undefined. Makes one string; use PropertyScanner where none is wanted. */
export function findProperty(buf: Buffer, start: number, end: number, name: Buffer): string | undefined {
  let from = -1;
  let to = -1;
  scanProperties(buf, start, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    if (nameEnd - nameStart === name.length && buf.compare(name, 0, name.length, nameStart, nameEnd) === 0) {
      from = valueStart;
      to = valueEnd;
    }
  });
  return from < 0 ? undefined : buf.toString('utf8', from, to);
}

/** `text` without the pairs named `name`, everything else untouched (upstream: MessageUtils.deleteProperty). */
export function deleteProperty(text: string, name: string): string {
  if (name === '' || !text.includes(name + NAME_VALUE)) return text;
  let kept = '';
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf(PROPERTY, start);
    const end = found < 0 ? text.length : found + 1;
    if (!text.startsWith(name + NAME_VALUE, start)) kept += text.slice(start, end);
    start = end;
  }
  return kept;
}
