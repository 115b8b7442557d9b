// A group of settings, each declared once: name to the letter of upstream, type, default, range, unit, a sentence, and
// whether an operator may change it at run time. The parser, the remote update, the file text and the docs table all
// read that declaration.
import { formatProperties } from './properties-file.js';
import type { Setting, SettingType } from './setting.js';

/** Settings by name, each as `setting.…` declares it. */
export type SettingDeclarations = Readonly<Record<string, Setting<unknown>>>;

/** Complete, frozen values of a declaration. */
export type SettingValues<D> = { readonly [K in keyof D]: D[K] extends Setting<infer V> ? V : never };
/** `SettingsOf<typeof brokerSettings>`: the type of its values. */
export type SettingsOf<S> = S extends Settings<infer D> ? SettingValues<D> : never;

/** What is wrong with one given value, as a sentence a person understands. */
export interface SettingProblem {
  /** The setting, as it was given. */
  readonly name: string;
  /** A whole sentence. */
  readonly text: string;
}

/** Names and texts, as a properties file or an operator's request has them. */
export type PropertySource = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** What became of the texts of a properties file. */
export interface ParsedSettings<D> {
  /** All settings; the default for what was not given or could not be read. */
  readonly values: SettingValues<D>;
  /** Names no declaration knows: warn, another group of settings may. */
  readonly unknown: readonly string[];
  /** Values that could not be taken; their defaults stand in `values`. */
  readonly problems: readonly SettingProblem[];
}

/** What became of an operator's change. */
export interface UpdatedSettings<D> {
  /** All settings, the accepted changes among them. */
  readonly values: SettingValues<D>;
  /** Names whose value is another now. */
  readonly changed: readonly (keyof D & string)[];
  /** What was not taken, and why. */
  readonly refused: readonly SettingProblem[];
}

/** One setting as docs show it. */
export interface SettingRow {
  /** To the letter of upstream, where upstream has it. */
  readonly name: string;
  /** The kind of its value. */
  readonly type: SettingType;
  /** As text, as a properties file has it. */
  readonly default: string;
  /** See `Setting.range`. */
  readonly range: string;
  /** `ms`, `bytes`, ...; empty when it has none. */
  readonly unit: string;
  /** Whether an operator may change it at run time. */
  readonly mutable: boolean;
  /** One sentence. */
  readonly help: string;
}

/** What a group of settings has beyond its single ones. */
export interface SettingsOptions<D> {
  /** Relations between settings: problems found in otherwise valid values. */
  validate?: (values: SettingValues<D>) => readonly SettingProblem[];
}

/** A declared group of settings. */
export interface Settings<D> {
  /** The single settings by name, in declaration order. */
  readonly declarations: D;
  /** All defaults. */
  defaults(): SettingValues<D>;
  /** Values of a properties file over the defaults. Never throws. */
  parse(properties: PropertySource): ParsedSettings<D>;
  /**
   * Applies an operator's change. Each name is taken or refused on its own, except that values which break a relation
   * between settings refuse the whole change.
   */
  update(current: SettingValues<D>, properties: PropertySource): UpdatedSettings<D>;
  /**
   * Properties text in declaration order, which `parse` reads back as the same values. Secrets read `***` unless
   * `showSecrets`, which is only for the operator's own file.
   */
  toProperties(values: SettingValues<D>, options?: { showSecrets?: boolean }): string;
  /** One row a setting, for docs. */
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
      if (parsed.problem !== undefined) problems.push(problemWith(name, declared, text, parsed.problem));
    }
    const complete = Object.freeze(values) as SettingValues<D>;
    return {
      values: complete,
      unknown,
      problems: [...problems, ...(this.options.validate?.(complete) ?? [])],
    };
  }

  update(current: SettingValues<D>, properties: PropertySource): UpdatedSettings<D> {
    const next: Record<string, unknown> = { ...current };
    const changed: (keyof D & string)[] = [];
    const refused: SettingProblem[] = [];
    for (const [name, text] of entriesOf(properties)) {
      const declared = this.declared(name);
      if (declared === undefined) {
        refused.push({ name, text: `${name} is not a setting` });
        continue;
      }
      const parsed = declared.parse(text);
      const isNew = !parsed.ok || declared.format(parsed.value) !== declared.format(next[name]);
      if (isNew && !declared.mutable) {
        refused.push({ name, text: `${name} cannot be changed while running` });
      } else if (!parsed.ok || parsed.problem !== undefined) {
        refused.push(problemWith(name, declared, text, parsed.problem!));
      } else if (isNew) {
        next[name] = parsed.value;
        changed.push(name);
      }
    }
    if (changed.length === 0) return { values: current, changed, refused };
    const values = Object.freeze(next) as SettingValues<D>;
    const conflicts = this.newConflicts(current, values);
    if (conflicts.length > 0) return { values: current, changed: [], refused: [...refused, ...conflicts] };
    return { values, changed, refused };
  }

  toProperties(values: SettingValues<D>, { showSecrets = false } = {}): string {
    return formatProperties(
      Object.entries(this.declarations).map(([name, declared]) => [
        name,
        declared.secret && !showSecrets ? SECRET_TEXT : declared.format(values[name]),
      ]),
    );
  }

  /** Relations that hold in `before` and no longer in `after`. */
  private newConflicts(before: SettingValues<D>, after: SettingValues<D>): readonly SettingProblem[] {
    const known = new Set(this.options.validate?.(before).map((problem) => problem.text));
    return this.options.validate?.(after).filter((problem) => !known.has(problem.text)) ?? [];
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
