// Writes JSON as fastjson 1.x does, byte for byte: see fastjson-reader.ts for the dialect.

/** The dialects of JSON that fastjson writes; upstream's `SerializerFeature`s. */
export interface StringifyOptions {
  /** Integer keys bare, object keys as objects (default). False: both as strings, as standard JSON and `BrowserCompatible` have it. */
  readonly unquotedIntKeys?: boolean;
  /** Tab-indented like fastjson's `PrettyFormat`, its oddities included. */
  readonly pretty?: boolean;
  /** Escapes everything but ASCII, and `/`, like fastjson's `BrowserCompatible`. */
  readonly ascii?: boolean;
  /** Members of objects in alphabetical order, as fastjson has the properties of a bean (default). Maps keep their order. */
  readonly sort?: boolean;
}

/** A Java map with integer keys: `{0:"a"}`. */
export type IntKeyMap<V> = Map<number, V>;
/** A Java map with beans for keys: `{{"queueId":0}:1}`. */
export type ObjectKeyMap<K extends object, V> = Map<K, V>;

/** A Java double, printed as Java prints it: `0.0`, `12.5`, `1.0E10`. A bare `number` prints as an integer if it is one. */
export class JavaDouble {
  constructor(
    /** What is printed. */
    readonly value: number,
  ) {}

  /** As Java's `Double.toString`; `null` for what is not finite. */
  toString(): string {
    const { value } = this;
    const magnitude = Math.abs(value);
    if (!Number.isFinite(value)) return 'null';
    if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e7)) {
      const [digits, exponent] = value.toExponential().split('e') as [string, string];
      return `${withFraction(digits)}E${Number(exponent)}`;
    }
    return withFraction(Object.is(value, -0) ? '-0' : String(value));
  }
}

/**
 * The text of a value. Objects are beans: sorted, without members that are `undefined` or `null`. `Map`s are Java maps
 * in their own order, with string, integer or object keys; arrays are lists; `Set`s are Java sets, which differ from
 * lists when pretty printed. Longs may be `number` or `bigint`.
 */
export function stringifyFastjson(value: unknown, options: StringifyOptions = {}): string {
  return new Writer(options).text(value, 0);
}

class Writer {
  private readonly escapable: RegExp;

  constructor(private readonly options: StringifyOptions) {
    this.escapable = options.ascii === true ? ESCAPABLE_ASCII : ESCAPABLE;
  }

  text(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.quote(value);
      case 'number':
        return Number.isFinite(value) ? String(value) : 'null';
      case 'object':
        return this.compound(value, depth);
      case 'bigint':
      case 'boolean':
        return String(value);
      default:
        return 'null';
    }
  }

  private compound(value: object | null, depth: number): string {
    if (value === null) return 'null';
    if (Array.isArray(value)) return this.list(value, depth);
    if (value instanceof Map) return this.map(value, depth);
    if (value instanceof Set) return `[${Array.from(value, (item) => this.text(item, depth)).join(',')}]`;
    if (value instanceof JavaDouble) return value.toString();
    return this.bean(value as Readonly<Record<string, unknown>>, depth);
  }

  private list(items: readonly unknown[], depth: number): string {
    if (items.length === 0) return '[]';
    const line = this.line(depth + 1);
    return `[${line}${items.map((item) => this.text(item, depth + 1)).join(`,${line}`)}${this.line(depth)}]`;
  }

  private bean(bean: Readonly<Record<string, unknown>>, depth: number): string {
    const keys = Object.keys(bean).filter((key) => bean[key] !== undefined && bean[key] !== null);
    if (this.options.sort !== false) keys.sort();
    if (keys.length === 0) return '{}';
    const line = this.line(depth + 1);
    const members = keys.map((key) => `${line}${this.quote(key)}:${this.text(bean[key], depth + 1)}`);
    return `{${members.join(',')}${this.line(depth)}}`;
  }

  /** PrettyFormat starts a line before a string key only; a map of integers stays on one line but for its brace. */
  private map(map: ReadonlyMap<unknown, unknown>, depth: number): string {
    const entries: string[] = [];
    for (const [key, value] of map) {
      if (value === undefined || value === null) continue;
      const line = typeof key === 'string' ? this.line(depth + 1) : '';
      entries.push(`${line}${this.key(key, depth + 1)}:${this.text(value, depth + 1)}`);
    }
    return map.size === 0 ? '{}' : `{${entries.join(',')}${this.line(depth)}}`;
  }

  private key(key: unknown, depth: number): string {
    if (typeof key === 'string') return this.quote(key);
    if (this.options.unquotedIntKeys === false) return this.quote(stringifyFastjson(key));
    return this.text(key, depth);
  }

  private line(depth: number): string {
    return this.options.pretty === true ? `\n${'\t'.repeat(depth)}` : '';
  }

  private quote(text: string): string {
    return `"${text.replace(this.escapable, escapeChar)}"`;
  }
}

const ESCAPABLE = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const ESCAPABLE_ASCII = /["\\/\u0000-\u001f\u007f-\uffff]/g;

const SHORT_ESCAPES = new Map([...'"\\/'].map((char) => [char, `\\${char}`]));
for (const [char, letter] of [
  ['\b', 'b'],
  ['\f', 'f'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
] as const) {
  SHORT_ESCAPES.set(char, `\\${letter}`);
}

function escapeChar(char: string): string {
  const hex = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return SHORT_ESCAPES.get(char) ?? `\\u${hex}`;
}

const withFraction = (digits: string): string => (digits.includes('.') ? digits : `${digits}.0`);
