// The kinds of settings there are: each turns a text into a typed value or says why it cannot.
//
// Upstream (MixAll.properties2Object) silently ignores a number it cannot parse and keeps the default; here that is a
// problem with a sentence. Booleans follow upstream: anything but `true` is false, but a value that is neither is a
// problem too.

/** The kinds of values. */
export type SettingType = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'oneOf' | 'list';

/** What every declaration says besides its type. */
interface Common<V> {
  /** The value when nothing is given; a function is asked once per parse (host names, processor counts). */
  default: V | (() => V);
  /** One sentence for docs and problems. */
  help: string;
  /** ms, bytes, ... */
  unit?: string;
  /** May be changed at run time by an operator's request. Default false. */
  mutable?: boolean;
  /** Printed as *** everywhere. Default false. */
  secret?: boolean;
}

interface Ranged {
  min?: number;
  max?: number;
}

/** Value of a text, what is wrong with it as the end of a sentence (`must be ...`), or both where it is read in spite of it. */
export type ParsedValue<V> = { ok: true; value: V; problem?: string } | { ok: false; problem: string };

/** One declared setting. `V` is the type of its value. */
export interface Setting<V> {
  /** The kind of its value. */
  readonly type: SettingType;
  /** The value when nothing is given; asked once a parse. */
  readonly defaultOf: () => V;
  /** One sentence for docs and problems. */
  readonly help: string;
  /** `ms`, `bytes`, ...; `undefined` when it has none. */
  readonly unit: string | undefined;
  /** Whether an operator may change it at run time. */
  readonly mutable: boolean;
  /** Printed as `***` everywhere. */
  readonly secret: boolean;
  /** Human form of the legal values: `0..65535`, `ASYNC_FLUSH | SYNC_FLUSH`, empty when any. */
  readonly range: string;
  /** Reads the text of a properties file. Never throws. */
  parse(text: string): ParsedValue<V>;
  /** The text that `parse` reads back as the same value. */
  format(value: V): string;
}

function declare<V>(
  type: SettingType,
  options: Common<V>,
  range: string,
  parse: Setting<V>['parse'],
  format: (value: V) => string = String,
): Setting<V> {
  const { default: given, help, unit, mutable = false, secret = false } = options;
  const defaultOf = typeof given === 'function' ? (given as () => V) : () => given;
  return { type, defaultOf, help, unit, mutable, secret, range, parse, format };
}

const INT_MAX = 0x7fffffff;

function wholeNumber(type: 'int' | 'long', options: Common<number> & Ranged): Setting<number> {
  const limit = type === 'int' ? INT_MAX : Number.MAX_SAFE_INTEGER;
  const min = options.min ?? (type === 'int' ? -INT_MAX - 1 : Number.MIN_SAFE_INTEGER);
  const max = options.max ?? limit;
  return declare<number>(type, options, rangeText(options), (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      return { ok: false, problem: `must be a whole number from ${min} to ${max}` };
    }
    return { ok: true, value };
  });
}

function rangeText({ min, max }: Ranged): string {
  if (min === undefined && max === undefined) return '';
  return `${min ?? ''}..${max ?? ''}`;
}

/** The kinds of settings. */
export const setting = {
  string(options: Common<string> & { pattern?: RegExp; patternHelp?: string }): Setting<string> {
    return declare<string>('string', options, options.patternHelp ?? '', (text) => {
      const value = text.trim();
      if (options.pattern && !options.pattern.test(value)) {
        return { ok: false, problem: `must be ${options.patternHelp ?? `text matching ${options.pattern}`}` };
      }
      return { ok: true, value };
    });
  },
  int(options: Common<number> & Ranged): Setting<number> {
    return wholeNumber('int', options);
  },
  long(options: Common<number> & Ranged): Setting<number> {
    return wholeNumber('long', options);
  },
  double(options: Common<number> & Ranged): Setting<number> {
    return declare<number>('double', options, rangeText(options), (text) => {
      const value = text.trim() === '' ? NaN : Number(text);
      const min = options.min ?? -Number.MAX_VALUE;
      const max = options.max ?? Number.MAX_VALUE;
      if (!(value >= min && value <= max))
        return { ok: false, problem: `must be a number from ${min} to ${max}` };
      return { ok: true, value };
    });
  },
  /** `true` in any case is true, everything else false. */
  boolean(options: Common<boolean>): Setting<boolean> {
    return declare('boolean', options, 'true | false', (text) => {
      const word = text.trim().toLowerCase();
      if (word === 'true' || word === 'false') return { ok: true, value: word === 'true' };
      return {
        ok: true,
        value: false,
        problem: 'must be true or false (Apache takes anything else for false)',
      };
    });
  },
  oneOf<const T extends string>(values: readonly T[], options: Common<NoInfer<T>>): Setting<T> {
    return declare<T>('oneOf', options, values.join(' | '), (text) => {
      const value = values.find((candidate) => candidate === text.trim());
      return value === undefined
        ? { ok: false, problem: `must be one of ${values.join(', ')}` }
        : { ok: true, value };
    });
  },
  /** Text cut at `separator` (default `;`); empty parts are dropped. */
  list(options: Common<readonly string[]> & { separator?: string }): Setting<readonly string[]> {
    const separator = options.separator ?? ';';
    const split = (text: string): string[] =>
      text
        .split(separator)
        .map((part) => part.trim())
        .filter((part) => part !== '');
    return declare(
      'list',
      options,
      `separated by ${separator}`,
      (text) => ({ ok: true, value: Object.freeze(split(text)) }),
      (value) => value.join(separator),
    );
  },
} as const;
