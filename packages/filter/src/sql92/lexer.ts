// From text to tokens (upstream: the tokens of filter/parser/SelectorParser.jj). Tokens are read one by one as the parser
// asks for them, never ahead: what follows a complete expression is not looked at, as upstream never looks at it.
import type { SqlDialect } from './sql-dialect.js';
import { syntaxErrorAt } from './sql-syntax-error.js';

/** A keyword is a token of its own name, a sign one of its own text. */
export type TokenType =
  | 'INTEGER'
  | 'FLOAT'
  | 'STRING'
  | 'NAME'
  | 'END'
  | (typeof KEYWORDS)[number]
  | (typeof TEXT_OPERATORS)[number]
  | (typeof SIGNS)[number];

export interface Token {
  readonly type: TokenType;
  /** As written, except that of a string: without its quotes. */
  readonly text: string;
  /** Where it begins, characters from the start of the expression. */
  readonly offset: number;
}

const KEYWORDS = ['NOT', 'AND', 'OR', 'BETWEEN', 'IN', 'TRUE', 'FALSE', 'NULL', 'IS'] as const;
/** Keywords of the 5.x grammar only. */
const TEXT_OPERATORS = ['CONTAINS', 'STARTSWITH', 'ENDSWITH'] as const;
/** Longer ones before those they begin with. */
const SIGNS = ['<>', '>=', '<=', '=', '>', '<', '(', ')', ',', '+', '-'] as const;

// All of them sticky, and without two ways to match the same text: a long expression costs its length, not more.
const SPACE = /[ \t\n\r\f]+/y;
// A line comment needs the end of its line; without one the two signs are two minuses.
const LINE_COMMENT = /--[^\n\r]*(?:\r\n|\n|\r)/y;
const FLOAT = /(?:\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)/y;
const INTEGER = /(?:0|[1-9]\d*[lL]?)/y;
const NAME = /[a-zA-Z_$][a-zA-Z0-9_$]*/y;

export class Lexer {
  readonly #keywords: ReadonlyMap<string, TokenType>;
  #at = 0;

  constructor(
    private readonly text: string,
    dialect: SqlDialect,
  ) {
    this.#keywords = dialect === 'V5' ? KEYWORDS_V5 : KEYWORDS_V4;
  }

  /** The next token; END at the end, again and again. @throws SqlSyntaxError */
  next(): Token {
    this.#skipSpaceAndComments();
    const { text } = this;
    const offset = this.#at;
    const first = text[offset];
    if (first === undefined) return { type: 'END', text: '', offset };
    if (first === "'") return this.#string(offset);
    const float = this.#match(FLOAT);
    if (float !== undefined) return { type: 'FLOAT', text: float, offset };
    const integer = this.#match(INTEGER);
    if (integer !== undefined) return { type: 'INTEGER', text: integer, offset };
    const name = this.#match(NAME);
    if (name !== undefined)
      return { type: this.#keywords.get(name.toUpperCase()) ?? 'NAME', text: name, offset };
    const sign = SIGNS.find((candidate) => text.startsWith(candidate, offset));
    if (sign === undefined)
      throw syntaxErrorAt(text, offset, `unexpected character ${JSON.stringify(first)}`);
    this.#at += sign.length;
    return { type: sign, text: sign, offset };
  }

  #skipSpaceAndComments(): void {
    for (;;) {
      if (this.#match(SPACE) !== undefined || this.#match(LINE_COMMENT) !== undefined) continue;
      if (!this.text.startsWith('/*', this.#at)) return;
      const end = this.text.indexOf('*/', this.#at + 2);
      if (end < 0) throw syntaxErrorAt(this.text, this.#at, 'the comment does not end');
      this.#at = end + 2;
    }
  }

  /** Two quotes inside a string are one. */
  #string(offset: number): Token {
    const { text } = this;
    let end = offset + 1;
    for (;;) {
      end = text.indexOf("'", end);
      if (end < 0) throw syntaxErrorAt(text, offset, 'the string does not end');
      if (text[end + 1] !== "'") break;
      end += 2;
    }
    this.#at = end + 1;
    return { type: 'STRING', text: text.slice(offset + 1, end).replaceAll("''", "'"), offset };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text)?.[0];
    this.#at += match?.length ?? 0;
    return match;
  }
}

const KEYWORDS_V4 = new Map<string, TokenType>(KEYWORDS.map((word) => [word, word]));
const KEYWORDS_V5 = new Map<string, TokenType>([...KEYWORDS, ...TEXT_OPERATORS].map((word) => [word, word]));
