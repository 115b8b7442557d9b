// Numbers as Java reads and orders them, which is what a property's text is compared by.

/** A number literal. INTEGER within 32 bits, LONG within 64; a LONG beyond 2^53 is a bigint. */
export interface JavaNumber {
  readonly type: 'INTEGER' | 'LONG' | 'DOUBLE';
  readonly value: number | bigint;
}

const MAX_INT = 0x7fffffff;
const MIN_INT = -0x80000000;
const MAX_LONG = 0x7fffffffffffffffn;
const MIN_LONG = -0x8000000000000000n;
const SAFE_DIGITS = 15;

/** `Integer.valueOf`; undefined where that throws. */
export function parseJavaInt(text: string): number | undefined {
  const value = parseJavaLong(text);
  return typeof value === 'number' && value >= MIN_INT && value <= MAX_INT ? value : undefined;
}

/** `Long.valueOf`; undefined where that throws. A bigint only when a number would not be exact. */
export function parseJavaLong(text: string): number | bigint | undefined {
  const { length } = text;
  const first = text.charCodeAt(0);
  let at = first === 0x2b || first === 0x2d ? 1 : 0;
  if (at === length) return undefined;
  if (length - at > SAFE_DIGITS) return parseLongText(text);
  let value = 0;
  for (; at < length; at++) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0) return undefined;
    value = value * 10 + digit;
  }
  // Not -0, which is no integer.
  return first === 0x2d && value !== 0 ? -value : value;
}

function parseLongText(text: string): number | bigint | undefined {
  let digits = '';
  for (let at = text[0] === '+' || text[0] === '-' ? 1 : 0; at < text.length; at++) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0) return undefined;
    // Leading zeros do not count, however many there are; beyond 19 digits no long is left.
    if (digit > 0 || digits !== '') digits += digit;
    if (digits.length > 19) return undefined;
  }
  const value = text[0] === '-' ? -BigInt(digits) : BigInt(digits);
  return value < MIN_LONG || value > MAX_LONG ? undefined : narrow(value);
}

/** A number where it is exact. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** `Character.digit(c, 10)`: -1 when the character is no decimal digit, of whatever script. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code < 0x80 || !isDecimalDigit(code)) return -1;
  // Each script has its ten digits in a row.
  let zero = code;
  while (isDecimalDigit(zero - 1)) zero--;
  return (code - zero) % 10;
}

function isDecimalDigit(code: number): boolean {
  return /^\p{Nd}$/u.test(String.fromCharCode(code));
}

const DECIMAL = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?$/;
const HEXADECIMAL =
  /^([+-]?)0[xX](?=[\da-fA-F]|\.[\da-fA-F])([\da-fA-F]*)(?:\.([\da-fA-F]*))?[pP]([+-]?\d+)[fFdD]?$/;
const SPECIAL = /^([+-]?)(NaN|Infinity)$/;

/** `Double.valueOf`; undefined where that throws. Spaces around it, `NaN`, `Infinity`, `1e3`, `1f`, `0x1p3` are numbers. */
export function parseJavaDouble(text: string): number | undefined {
  const trimmed = trimJava(text);
  const decimal = DECIMAL.exec(trimmed);
  if (decimal !== null) return Number(decimal[1]);
  const special = SPECIAL.exec(trimmed);
  if (special !== null) return special[2] === 'NaN' ? NaN : special[1] === '-' ? -Infinity : Infinity;
  const hexadecimal = HEXADECIMAL.exec(trimmed);
  if (hexadecimal === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = hexadecimal;
  const mantissa = Number(BigInt(`0x0${whole}${fraction}`));
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** `String.trim`: every character up to the space. */
function trimJava(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Reads a text as a number of the given type; undefined where Java throws. */
export function parseJavaNumber(text: string, type: JavaNumber['type']): number | bigint | undefined {
  if (type === 'INTEGER') return parseJavaInt(text);
  return type === 'LONG' ? parseJavaLong(text) : parseJavaDouble(text);
}

/** `Double.compareTo`, which integers agree with: NaN is equal to itself and above everything, -0 below 0. */
export function compareNumbers(left: number | bigint, right: number | bigint): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (typeof left === 'bigint' || typeof right === 'bigint' || Object.is(left, right)) return 0;
  if (left !== left) return right !== right ? 0 : 1;
  if (right !== right) return -1;
  return Object.is(left, -0) ? -1 : 1;
}

/** A literal of digits, as INTEGER where it fits. Undefined when it is no long. */
export function integerLiteral(text: string): JavaNumber | undefined {
  const value = parseJavaLong(text.replace(/[lL]$/, ''));
  if (value === undefined) return undefined;
  return { type: value >= MIN_INT && value <= MAX_INT ? 'INTEGER' : 'LONG', value };
}

export function negate({ type, value }: JavaNumber): JavaNumber {
  if (type === 'DOUBLE') return { type, value: -value };
  return { type, value: value === 0 ? 0 : -value };
}

/** The same number for another's type, as Java widens: a long beside a double becomes one, whatever it loses. */
export function compareJavaNumbers(left: JavaNumber, right: JavaNumber): number {
  if (left.type === 'DOUBLE' || right.type === 'DOUBLE')
    return compareNumbers(Number(left.value), Number(right.value));
  return compareNumbers(left.value, right.value);
}

/** As `toString` of Integer, Long and Double writes it. */
export function printJavaNumber({ type, value }: JavaNumber): string {
  if (type !== 'DOUBLE') return String(value);
  const number = Number(value);
  const size = Math.abs(number);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(number) ? `${number}.0` : String(number);
  const [digits, exponent] =
    number === Number.MIN_VALUE ? ['4.9', '-324'] : number.toExponential().split('e');
  return `${digits!.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}
