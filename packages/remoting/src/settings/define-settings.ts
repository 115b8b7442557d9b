// Settings declared once: parser, remote update, file text and docs table all read the same declaration.

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

/** One declared setting. `V` is the type of its value. */
export interface Setting<V> {
  readonly type: SettingType;
  readonly defaultOf: () => V;
  readonly help: string;
  readonly unit: string | undefined;
  readonly mutable: boolean;
  readonly secret: boolean;
  /** Human form of the legal values: `0..65535`, `ASYNC_FLUSH | SYNC_FLUSH`, empty when any. */
  readonly range: string;
  /** Value of the text, or what is wrong with it as the end of a sentence ("must be ..."). */
  parse(text: string): { ok: true; value: V } | { ok: false; problem: string };
  format(value: V): string;
}

export type SettingDeclarations = Readonly<Record<string, Setting<unknown>>>;

/** Complete, frozen values of a declaration. */
export type SettingValues<D> = { readonly [K in keyof D]: D[K] extends Setting<infer V> ? V : never };
/** `SettingsOf<typeof brokerSettings>`: the type of its values. */
export type SettingsOf<S> = S extends Settings<infer D> ? SettingValues<D> : never;

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
  return declare(type, options, rangeText(options), (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
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
    return declare('string', options, options.patternHelp ?? '', (text) => {
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
    return declare('double', options, rangeText(options), (text) => {
      const value = text.trim() === '' ? NaN : Number(text);
      const min = options.min ?? -Number.MAX_VALUE;
      const max = options.max ?? Number.MAX_VALUE;
      if (!(value >= min && value <= max))
        return { ok: false, problem: `must be a number from ${min} to ${max}` };
      return { ok: true, value };
    });
  },
  /** As upstream: `true` in any case is true, everything else false. */
  boolean(options: Common<boolean>): Setting<boolean> {
    return declare('boolean', options, 'true | false', (text) => ({
      ok: true,
      value: text.toLowerCase() === 'true',
    }));
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

/** What is wrong with one given value, as a sentence a person understands. */
export interface SettingProblem {
  readonly name: string;
  readonly text: string;
}

export type PropertySource = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

export interface ParsedSettings<D> {
  readonly values: SettingValues<D>;
  /** Names no declaration knows: warn, another group of settings may. */
  readonly unknown: readonly string[];
  /** Values that could not be taken; their defaults stand in `values`. */
  readonly problems: readonly SettingProblem[];
}

export interface UpdatedSettings<D> {
  readonly values: SettingValues<D>;
  readonly changed: readonly (keyof D & string)[];
  readonly refused: readonly SettingProblem[];
}

export interface SettingRow {
  readonly name: string;
  readonly type: SettingType;
  readonly default: string;
  readonly range: string;
  readonly unit: string;
  readonly mutable: boolean;
  readonly help: string;
}

export interface SettingsOptions<D> {
  /** Relations between settings: problems found in otherwise valid values. */
  validate?: (values: SettingValues<D>) => readonly SettingProblem[];
}

/** A declared group of settings. */
export interface Settings<D> {
  readonly declarations: D;
  /** All defaults. */
  defaults(): SettingValues<D>;
  /** Values of a properties file over the defaults. Never throws. */
  parse(properties: PropertySource): ParsedSettings<D>;
  /** Applies an operator's change: all or nothing is not promised, each name is taken or refused on its own. */
  update(current: SettingValues<D>, properties: PropertySource): UpdatedSettings<D>;
  /** `name=value\n` in declaration order; secrets as ***. */
  toProperties(values: SettingValues<D>): string;
  table(): SettingRow[];
}

/** Declares a group of settings; keys are the names, to the letter of upstream. */
export function defineSettings<const D extends SettingDeclarations>(
  declarations: D,
  options: SettingsOptions<D> = {},
): Settings<D> {
  return new DeclaredSettings(declarations, options);
}

const SECRET_TEXT = '***';

class DeclaredSettings<D extends SettingDeclarations> implements Settings<D> {
  constructor(
    readonly declarations: D,
    private readonly options: SettingsOptions<D>,
  ) {}

  defaults(): SettingValues<D> {
    const values: Record<string, unknown> = {};
    for (const [name, declared] of Object.entries(this.declarations)) values[name] = declared.defaultOf();
    return Object.freeze(values) as SettingValues<D>;
  }

  parse(properties: PropertySource): ParsedSettings<D> {
    const values: Record<string, unknown> = { ...this.defaults() };
    const unknown: string[] = [];
    const problems: SettingProblem[] = [];
    for (const [name, text] of entriesOf(properties)) {
      const declared = this.declared(name);
      if (declared === undefined) {
        unknown.push(name);
        continue;
      }
      const parsed = declared.parse(text);
      if (parsed.ok) values[name] = parsed.value;
      else problems.push(problemWith(name, declared, text, parsed.problem));
    }
    const complete = Object.freeze(values) as SettingValues<D>;
    return {
      values: complete,
      unknown,
      problems: [...problems, ...(this.options.validate?.(complete) ?? [])],
    };
  }

  update(current: SettingValues<D>, properties: PropertySource): UpdatedSettings<D> {
    let values = current;
    const changed: (keyof D & string)[] = [];
    const refused: SettingProblem[] = [];
    for (const [name, text] of entriesOf(properties)) {
      const declared = this.declared(name);
      if (declared === undefined) {
        refused.push({ name, text: `${name} is not a setting` });
        continue;
      }
      if (!declared.mutable) {
        refused.push({ name, text: `${name} cannot be changed while running` });
        continue;
      }
      const parsed = declared.parse(text);
      if (!parsed.ok) {
        refused.push(problemWith(name, declared, text, parsed.problem));
        continue;
      }
      const next = Object.freeze({ ...values, [name]: parsed.value }) as SettingValues<D>;
      const conflicts = this.options.validate?.(next) ?? [];
      if (conflicts.length > 0) refused.push(...conflicts.map((conflict) => ({ name, text: conflict.text })));
      else if (declared.format(parsed.value) !== declared.format(values[name])) {
        values = next;
        changed.push(name);
      }
    }
    return { values, changed, refused };
  }

  toProperties(values: SettingValues<D>): string {
    let text = '';
    for (const [name, declared] of Object.entries(this.declarations)) {
      text += `${name}=${declared.secret ? SECRET_TEXT : declared.format(values[name])}\n`;
    }
    return text;
  }

  table(): SettingRow[] {
    return Object.entries(this.declarations).map(([name, declared]) => ({
      name,
      type: declared.type,
      default: declared.secret ? SECRET_TEXT : declared.format(declared.defaultOf()),
      range: declared.range,
      unit: declared.unit ?? '',
      mutable: declared.mutable,
      help: declared.help,
    }));
  }

  private declared(name: string): Setting<unknown> | undefined {
    return Object.hasOwn(this.declarations, name) ? this.declarations[name] : undefined;
  }
}

function entriesOf(properties: PropertySource): Iterable<[string, string]> {
  return properties instanceof Map ? properties.entries() : Object.entries(properties);
}

function problemWith(
  name: string,
  declared: Setting<unknown>,
  text: string,
  problem: string,
): SettingProblem {
  const given = declared.secret ? '' : `, got ${JSON.stringify(text)}`;
  return { name, text: `${name} ${problem}${given}` };
}
