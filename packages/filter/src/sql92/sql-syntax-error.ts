/** An expression that is not one of SQL92, or that compares what cannot be compared. Line and column count from 1. */
export class SqlSyntaxError extends Error {
  override readonly name = 'SqlSyntaxError';

  constructor(
    /** What is wrong, without the position. */
    readonly problem: string,
    readonly line: number,
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
