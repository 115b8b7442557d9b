// From tokens to a tree (upstream: the grammar of filter/parser/SelectorParser.jj), by recursive descent. From loosest to
// tightest: OR; AND; = <> IS; > >= < <= BETWEEN IN CONTAINS STARTSWITH ENDSWITH; + - NOT; a value or parentheses. As there, the
// grammar does not ask for the end: what follows the longest expression from the start is not looked at.
import * as tree from './expression.js';
import { type Expression, OperandError, type OrderOperator, type TextOperator } from './expression.js';
import { integerLiteral } from './java-number.js';
import { Lexer, type Token, type TokenType } from './lexer.js';
import type { SqlDialect } from './sql-dialect.js';
import { type SqlSyntaxError, syntaxErrorAt } from './sql-syntax-error.js';

/** Expressions come from peers: longer or deeper ones are refused. Deeper ones would end upstream's stack too. */
export const MAX_EXPRESSION_LENGTH = 64 * 1024;
export const MAX_EXPRESSION_DEPTH = 256;

/** @throws SqlSyntaxError with the position */
export function parseSql(text: string, dialect: SqlDialect): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw syntaxErrorAt(text, 0, `the expression is longer than ${MAX_EXPRESSION_LENGTH} characters`);
  }
  return new Parser(text, dialect).parse();
}

class Parser {
  readonly #lexer: Lexer;
  /** Read from the lexer, not yet used. */
  #ahead: Token | undefined;
  #depth = 0;

  constructor(
    private readonly text: string,
    dialect: SqlDialect,
  ) {
    this.#lexer = new Lexer(text, dialect);
  }

  parse(): Expression {
    const { offset } = this.#peek();
    const expression = this.#or();
    return this.#made(offset, () => tree.asCondition(expression));
  }

  #or(): Expression {
    return this.#logic('or', 'OR', () => this.#and());
  }

  #and(): Expression {
    return this.#logic('and', 'AND', () => this.#equality());
  }

  #logic(kind: 'and' | 'or', word: TokenType, operand: () => Expression): Expression {
    const { offset } = this.#peek();
    const operands = [operand()];
    while (this.#take(word)) operands.push(operand());
    return this.#made(offset, () => tree.logic(kind, operands));
  }

  #equality(): Expression {
    let left = this.#comparison();
    for (;;) {
      const { type, offset } = this.#peek();
      if (type !== '=' && type !== '<>' && type !== 'IS') return left;
      this.#next();
      const before = left;
      if (type === 'IS') {
        const isNot = this.#take('NOT');
        this.#expect('NULL');
        left = this.#made(offset, () => inverted(tree.isNull(before), isNot));
      } else {
        const right = this.#comparison();
        left = this.#made(offset, () => inverted(tree.equal(before, right), type === '<>'));
      }
    }
  }

  #comparison(): Expression {
    let left = this.#unary();
    for (;;) {
      const before = left;
      const { type, offset } = this.#peek();
      if (isOrder(type)) {
        this.#next();
        const right = this.#unary();
        left = this.#made(offset, () => tree.order(type, before, right));
      } else if (type === 'NOT' || isRange(type)) {
        const isNot = this.#take('NOT');
        left = this.#range(before, isNot, offset);
      } else {
        return left;
      }
    }
  }

  /** BETWEEN, IN and the text operators, which NOT may stand before. */
  #range(operand: Expression, isNot: boolean, offset: number): Expression {
    const token = this.#next();
    const { type } = token;
    if (type === 'BETWEEN') {
      const low = this.#unary();
      this.#expect('AND');
      const high = this.#unary();
      return this.#made(offset, () => tree.between(operand, low, high, isNot));
    }
    if (type === 'IN') {
      this.#expect('(');
      const values = [this.#expect('STRING').text];
      while (this.#take(',')) values.push(this.#expect('STRING').text);
      this.#expect(')');
      return this.#made(offset, () => tree.isIn(operand, values, isNot));
    }
    if (!isTextOperator(type)) throw this.#unexpected(token);
    const search = this.#expect('STRING').text;
    return this.#made(offset, () => tree.text(type, operand, search, isNot));
  }

  #unary(): Expression {
    const { type, offset } = this.#peek();
    if (type !== '+' && type !== '-' && type !== 'NOT') return this.#primary();
    this.#next();
    const operand = this.#nested(offset, () => this.#unary());
    if (type === '+') return operand;
    return this.#made(offset, () => (type === '-' ? tree.negated(operand) : tree.not(operand)));
  }

  #primary(): Expression {
    const token = this.#next();
    switch (token.type) {
      case 'STRING':
        return tree.constant(token.text);
      case 'INTEGER':
        return this.#integer(token);
      case 'FLOAT':
        return this.#float(token);
      case 'TRUE':
      case 'FALSE':
        return tree.constant(token.type === 'TRUE');
      case 'NULL':
        return tree.constant(null);
      case 'NAME':
        return tree.property(token.text);
      case '(': {
        const inner = this.#nested(token.offset, () => this.#or());
        this.#expect(')');
        return inner;
      }
      default:
        throw this.#unexpected(token);
    }
  }

  #integer(token: Token): Expression {
    const number = integerLiteral(token.text);
    if (number === undefined) throw this.#error(token.offset, `${token.text} does not fit in 64 bits`);
    return tree.constant(number);
  }

  /** Zero counts as too small: upstream asks for more than the smallest number above it. */
  #float(token: Token): Expression {
    const value = Number(token.text);
    if (value === Infinity)
      throw this.#error(token.offset, `${token.text} is greater than ${Number.MAX_VALUE}`);
    if (value < Number.MIN_VALUE)
      throw this.#error(token.offset, `${token.text} is less than ${Number.MIN_VALUE}`);
    return tree.constant({ type: 'DOUBLE', value });
  }

  #nested(offset: number, parse: () => Expression): Expression {
    if (++this.#depth > MAX_EXPRESSION_DEPTH)
      throw this.#error(offset, 'the expression is nested too deeply');
    const expression = parse();
    this.#depth--;
    return expression;
  }

  /** A node of the tree; what it cannot be made of is an error at `offset`. */
  #made(offset: number, make: () => Expression): Expression {
    let expression: Expression;
    try {
      expression = make();
    } catch (error) {
      if (error instanceof OperandError) throw this.#error(offset, error.message);
      throw error;
    }
    if (expression.depth > MAX_EXPRESSION_DEPTH)
      throw this.#error(offset, 'the expression is nested too deeply');
    return expression;
  }

  #peek(): Token {
    return (this.#ahead ??= this.#lexer.next());
  }

  #next(): Token {
    const token = this.#peek();
    this.#ahead = undefined;
    return token;
  }

  #take(type: TokenType): boolean {
    if (this.#peek().type !== type) return false;
    this.#next();
    return true;
  }

  #expect(type: TokenType): Token {
    const token = this.#next();
    if (token.type !== type) throw this.#unexpected(token, type);
    return token;
  }

  #unexpected(token: Token, wanted?: TokenType): SqlSyntaxError {
    const found = token.type === 'END' ? 'end of the expression' : `"${token.text}"`;
    const hint = wanted === undefined ? '' : `, expected ${WANTED[wanted] ?? wanted}`;
    return this.#error(token.offset, `unexpected ${found}${hint}`);
  }

  #error(offset: number, problem: string): SqlSyntaxError {
    return syntaxErrorAt(this.text, offset, problem);
  }
}

const WANTED: Partial<Record<TokenType, string>> = { STRING: "a text in '...'", '(': '"("', ')': '")"' };

function inverted(expression: Expression, isInverted: boolean): Expression {
  return isInverted ? tree.not(expression) : expression;
}

function isOrder(type: TokenType): type is OrderOperator {
  return type === '>' || type === '>=' || type === '<' || type === '<=';
}

function isTextOperator(type: TokenType): type is TextOperator {
  return type === 'CONTAINS' || type === 'STARTSWITH' || type === 'ENDSWITH';
}

function isRange(type: TokenType): boolean {
  return type === 'BETWEEN' || type === 'IN' || isTextOperator(type);
}
