/** What a pattern can hold. */
export type Printable = string | number | bigint | boolean;

const DIRECTIVE = /%(-?)(0?)(\d*)(?:\.(\d+))?([sdf%n])/g;

/**
 * The part of Java's `String.format` that mqadmin's tables are made of, so that a table reads like upstream's and has
 * its widths: `%s %d %.2f %-32s %04d %n %%`.
 */
export function printf(pattern: string, ...values: readonly Printable[]): string {
  let next = 0;
  return pattern.replace(
    DIRECTIVE,
    (_, left: string, zero: string, width: string, digits: string, kind: string) => {
      if (kind === '%') return '%';
      if (kind === 'n') return '\n';
      const value = values[next++] ?? '';
      const text =
        kind === 'f' ? Number(value).toFixed(digits === undefined ? 6 : Number(digits)) : String(value);
      return left === '-'
        ? text.padEnd(Number(width))
        : text.padStart(Number(width), zero === '0' ? '0' : ' ');
    },
  );
}

/** At most the first `length` characters: a long name must not push the columns behind it. Upstream: frontStringAtLeast. */
export const cut = (text: string, length: number): string => text.slice(0, length);
