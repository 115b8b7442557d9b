/** An expression that is not one of SQL92, or that compares what cannot be compared. */
export class SqlSyntaxError extends Error {
  override readonly name = 'SqlSyntaxError';

  constructor(
    /** What is wrong, without the position. */
    readonly problem: string,
    /** From 1. */
    readonly line: number,
    /** From 1, in UTF-16 units. */
    readonly column: number,
  ) {
    super(`line ${line}, column ${column}: ${problem}`);
  }
}

/** The error for the character at `offset` of an expression. */
export function syntaxErrorAt(text: string, offset: number, problem: string): SqlSyntaxError {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return new SqlSyntaxError(problem, before.length, before.at(-1)!.length + 1);
}
