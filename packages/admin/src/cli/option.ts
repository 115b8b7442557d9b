// Options of a command, declared once: parsing, help and the type of their values come from the declaration.
import { UsageError } from '@mq/remoting/settings';

/** One option. `T` is what a command gets. */
export interface OptionSpec<T = unknown> {
  /** One letter; a few of upstream's options have none. */
  readonly short: string | undefined;
  readonly long: string;
  readonly help: string;
  readonly takesValue: boolean;
  readonly isRequired: boolean;
  /** @param given the text, true for a flag, undefined when it was not given. @throws UsageError */
  parse(given: string | true | undefined): T;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;
export type OptionValues<S extends OptionTable> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : never;
};

/** Text, blanks around it taken off. */
export const text = (short: string, long: string, help: string): OptionSpec<string | undefined> =>
  valued(short, long, help, (given) => given);

/** A whole number. */
export const integer = (short: string, long: string, help: string): OptionSpec<number | undefined> =>
  valued(short, long, help, (given) => {
    const value = Number(given);
    if (!/^-?\d+$/.test(given) || !Number.isSafeInteger(value)) throw wrong(long, 'a whole number', given);
    return value;
  });

/** `true` or `false`, in any case. */
export const bool = (short: string, long: string, help: string): OptionSpec<boolean | undefined> =>
  valued(short, long, help, (given) => {
    if (/^true$/i.test(given)) return true;
    if (/^false$/i.test(given)) return false;
    throw wrong(long, 'true or false', given);
  });

/** One of a closed set of words. */
export const oneOf = <const W extends string>(
  short: string,
  long: string,
  help: string,
  words: readonly W[],
): OptionSpec<W | undefined> =>
  valued(short, long, help, (given) => {
    const word = words.find((candidate) => candidate.toLowerCase() === given.toLowerCase());
    if (word === undefined) throw wrong(long, `one of ${words.join(', ')}`, given);
    return word;
  });

/** Present or not. */
export const flag = (short: string, long: string, help: string): OptionSpec<boolean> => ({
  short,
  long,
  help,
  takesValue: false,
  isRequired: false,
  parse: (given) => given !== undefined,
});

/** The same option, without which the command does not run. */
export function required<T>(option: OptionSpec<T | undefined>): OptionSpec<T> {
  return {
    ...option,
    isRequired: true,
    parse(given) {
      const value = option.parse(given);
      if (value === undefined) throw new UsageError(`the option --${option.long} is needed`);
      return value;
    },
  };
}

function valued<T>(
  short: string,
  long: string,
  help: string,
  parse: (given: string) => T,
): OptionSpec<T | undefined> {
  return {
    short: short === '' ? undefined : short,
    long,
    help,
    takesValue: true,
    isRequired: false,
    parse: (given) => (typeof given === 'string' ? parse(given.trim()) : undefined),
  };
}

const wrong = (long: string, wanted: string, given: string): UsageError =>
  new UsageError(`--${long} should be ${wanted}, not "${given}"`);
