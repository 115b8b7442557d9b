import { compileCondition, type Condition, type PropertySource, SqlResult } from './compile.js';
import { type Expression, print } from './expression.js';
import { parseSql } from './parser.js';
import type { SqlDialect } from './sql-dialect.js';

/** A compiled SQL92 expression. Has no state: one serves every message of every consumer. */
export class SqlFilter {
  readonly #condition: Condition;
  readonly #tree: Expression;

  private constructor(
    /** As the consumer wrote it. */
    readonly expression: string,
    tree: Expression,
  ) {
    this.#tree = tree;
    this.#condition = compileCondition(tree);
  }

  /**
   * Makes a filter of an SQL92 expression.
   * @param dialect default V5. A V4 broker takes CONTAINS, STARTSWITH and ENDSWITH for the end of the expression
   * @throws SqlSyntaxError
   */
  static compile(expression: string, dialect: SqlDialect = 'V5'): SqlFilter {
    return new SqlFilter(expression, parseSql(expression, dialect));
  }

  /** Never throws: what a value is unfit for is FAILED. */
  evaluate(source: PropertySource): SqlResult {
    return this.#condition(source);
  }

  /** Whether the message is for the consumer: TRUE only, neither unknown nor failed. */
  matches(source: PropertySource): boolean {
    return this.#condition(source) === SqlResult.TRUE;
  }

  /** How the expression was understood, with every pair of parentheses. */
  toString(): string {
    return print(this.#tree);
  }
}
