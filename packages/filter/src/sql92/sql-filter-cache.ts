import { SqlFilter } from './sql-filter.js';
import { SqlSyntaxError } from './sql-syntax-error.js';

/** Upstream keeps as many. */
const DEFAULT_CAPACITY = 100;

/** Expressions compiled before, the ones that do not compile too: consumers repeat theirs with every request. */
export class SqlFilterCache {
  readonly #known = new Map<string, SqlFilter | SqlSyntaxError>();

  constructor(private readonly capacity = DEFAULT_CAPACITY) {}

  /** As `SqlFilter.compile`, once for each expression it keeps. @throws SqlSyntaxError, the same one each time */
  compile(expression: string): SqlFilter {
    const known = this.#known.get(expression) ?? this.#compile(expression);
    if (known instanceof SqlSyntaxError) throw known;
    return known;
  }

  #compile(expression: string): SqlFilter | SqlSyntaxError {
    let result: SqlFilter | SqlSyntaxError;
    try {
      result = SqlFilter.compile(expression);
    } catch (error) {
      if (!(error instanceof SqlSyntaxError)) throw error;
      result = error;
    }
    if (this.#known.size >= this.capacity) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(expression, result);
    return result;
  }
}
