// Typed headers: what the ext fields of a request or response mean.
//
// A header is declared once, as a table of fields. From it come the TypeScript type, the encoder and a decoder
// that says in words which field of which header is missing or wrong.
import type { ExtFields, HeaderCodec } from '../command.js';
import { RemotingError } from '../errors.js';

/** How one field travels. Everything on the wire is text; absent is the only null. */
export interface Field<T, Optional extends boolean = false> {
  /** For messages: "an int", "a boolean", ... */
  readonly noun: string;
  readonly isOptional: Optional;
  /** Key on the wire, when it is not the field's own name. */
  readonly wireKey: string | undefined;
  /** The value, or `undefined` when `text` is none of this type. */
  parse(text: string): T | undefined;
  /** The text, or `undefined` when `value` does not fit the type. */
  format(value: T): string | undefined;
  /** The same field, allowed to be absent: `undefined` in the header. */
  optional(): Field<T, true>;
  /** The same field under another key on the wire. */
  wire(key: string): Field<T, Optional>;
}

type FieldTable = Readonly<Record<string, Field<unknown, boolean>>>;
type FieldValue<F> = F extends Field<infer T, boolean> ? T : never;
type OptionalKeys<F extends FieldTable> = {
  [K in keyof F]: F[K]['isOptional'] extends true ? K : never;
}[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };
// `K extends keyof F`, not `keyof F` itself: so members keep the docstrings they are declared with.
type Values<F extends FieldTable, K extends keyof F> = { -readonly [P in K]: FieldValue<F[P]> };

/** The object type a field table describes. */
export type HeaderFields<F extends FieldTable> = Flat<
  Values<F, Exclude<keyof F, OptionalKeys<F>>> & Partial<Values<F, OptionalKeys<F>>>
>;

/** The header type of a codec: `type X = HeaderOf<typeof X>`. */
export type HeaderOf<C> = C extends HeaderCodec<infer T> ? T : never;

/** Text as it is. Empty text is kept: absent and empty differ in JSON headers. */
export const string = (): Field<string> => field('a string', (text) => text, String);

/** A Java int: -2^31 .. 2^31 - 1. */
export const int = (): Field<number> =>
  field(
    'an int',
    (text) => parseInteger(text, INT_MIN, INT_MAX),
    (value) => formatInteger(value, INT_MIN, INT_MAX),
  );

/**
 * A Java long as a `number`, exact within ±(2^53 - 1). `Long.MAX_VALUE` and `Long.MIN_VALUE`, which Java uses for
 * "unlimited", become the greatest and least exact number; any other value out of range is an error.
 */
export const long = (): Field<number> =>
  field('a long', parseLong, (value) =>
    formatInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  );

/** `true` or `false`, in any case when read. */
export const boolean = (): Field<boolean> =>
  field(
    'a boolean',
    (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined),
    String,
  );

/** One of a closed set of enum names, in any case when read. */
export const oneOf = <const N extends string>(...names: readonly N[]): Field<N> =>
  field<N>(
    `one of ${names.join(', ')}`,
    (text) => names.find((name) => name.toLowerCase() === text.toLowerCase()),
    String,
  );

/**
 * Declares a header. `name` is upstream's class name and appears in errors.
 *
 * `decode` throws `RemotingError` with code `BAD_HEADER` when a required field is missing or any field is malformed;
 * ext keys that the table does not name are left alone. `encode` leaves out `undefined` fields and throws the same
 * error for a value that cannot be represented.
 */
export function defineHeader<const F extends FieldTable>(
  name: string,
  table: F,
): HeaderCodec<HeaderFields<F>> {
  const fields = Object.entries(table).map(([key, { wireKey, ...rest }]) => ({
    ...rest,
    key,
    wireKey: wireKey ?? key,
  }));

  function decode(ext: ExtFields): HeaderFields<F> {
    const header: Record<string, unknown> = {};
    for (const { key, wireKey, isOptional, noun, parse } of fields) {
      const text = textOf(ext[wireKey]);
      if (text === undefined) {
        if (!isOptional) throw badHeader(name, label(key, wireKey), 'is required but missing');
        continue;
      }
      const value = parse(text);
      if (value !== undefined) header[key] = value;
      else if (text !== '' || !isOptional) {
        throw badHeader(name, label(key, wireKey), `must be ${noun}, got "${clip(text)}"`);
      }
    }
    return header as HeaderFields<F>;
  }

  function encode(header: HeaderFields<F>): ExtFields {
    const values = header as Readonly<Record<string, never>>;
    const ext = Object.create(null) as ExtFields;
    for (const { key, wireKey, isOptional, noun, format } of fields) {
      const value: unknown = values[key];
      if (value === undefined || value === null) {
        if (!isOptional) throw badHeader(name, label(key, wireKey), 'is required but missing');
        continue;
      }
      const text = format(value as never);
      if (text === undefined)
        throw badHeader(name, label(key, wireKey), `must be ${noun}, got ${clip(String(value))}`);
      ext[wireKey] = text;
    }
    return ext;
  }

  return { name, decode, encode };
}

/** The error of a header field that is missing or wrong. */
export function badHeader(header: string, field: string, problem: string): RemotingError {
  return new RemotingError('BAD_HEADER', `${header}: ${field} ${problem}`);
}

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const SATURATED = new Map([
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['-9223372036854775808', Number.MIN_SAFE_INTEGER],
]);

function field<T>(
  noun: string,
  parse: (text: string) => T | undefined,
  format: (value: T) => string | undefined,
): Field<T> {
  const make = <O extends boolean>(isOptional: O, wireKey?: string): Field<T, O> => ({
    noun,
    isOptional,
    wireKey,
    parse,
    format,
    optional: () => make(true, wireKey),
    wire: (key) => make(isOptional, key),
  });
  return make(false);
}

function parseInteger(text: string, min: number, max: number): number | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value + 0 : undefined;
}

function parseLong(text: string): number | undefined {
  return parseInteger(text, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? SATURATED.get(text);
}

function formatInteger(value: number, min: number, max: number): string | undefined {
  return Number.isInteger(value) && value >= min && value <= max ? String(value) : undefined;
}

/** ali-ons sends numbers and booleans unquoted; should one get this far it counts as its text. */
function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

const label = (key: string, wireKey: string): string => (key === wireKey ? key : `${key} (${wireKey})`);

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}...` : text);
