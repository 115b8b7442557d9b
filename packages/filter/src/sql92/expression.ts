// The tree of an expression. What upstream's factory methods make of their operands, and refuse, is here: the parser
// knows only the grammar.
import { compareJavaNumbers, type JavaNumber, printJavaNumber } from './java-number.js';

export type TextOperator = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH';
export type OrderOperator = '>' | '>=' | '<' | '<=';

/** `depth`: nodes from here to the deepest leaf, this one counted. */
export type Expression = { readonly depth: number } & (
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'negate'; readonly operand: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  /** A property where a condition is due. */
  | { readonly kind: 'cast'; readonly operand: Expression }
  /** Left to right, two or more. */
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | { readonly kind: 'equal'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'order';
      readonly operator: OrderOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'in';
      readonly name: string;
      readonly values: readonly string[];
      readonly negated: boolean;
    }
  | {
      readonly kind: 'text';
      readonly operator: TextOperator;
      readonly operand: Expression;
      readonly search: string;
      readonly negated: boolean;
    }
);

export type Constant = string | boolean | null | JavaNumber;

/** What an operand may not be; the parser adds where. */
export class OperandError extends Error {
  override readonly name = 'OperandError';
}

const NULL: Expression = { kind: 'constant', value: null, depth: 1 };

export function property(name: string): Expression {
  return { kind: 'property', name, depth: 1 };
}

export function constant(value: Constant): Expression {
  return { kind: 'constant', value, depth: 1 };
}

export function negated(operand: Expression): Expression {
  return { kind: 'negate', operand, depth: operand.depth + 1 };
}

export function not(operand: Expression): Expression {
  return { kind: 'not', operand: asCondition(operand), depth: operand.depth + 1 };
}

/** `and` and `or`; one operand alone is itself. */
export function logic(kind: 'and' | 'or', operands: readonly Expression[]): Expression {
  if (operands.length === 1) return operands[0]!;
  return { kind, operands: operands.map(asCondition), depth: deepest(operands) + 1 };
}

export function equal(left: Expression, right: Expression): Expression {
  for (const side of [left, right]) {
    if (isConstant(side) && side.value === null)
      throw new OperandError(`NULL cannot be compared, use IS NULL`);
  }
  if (isConstant(left) && isConstant(right) && isCondition(left) && !isCondition(right)) {
    throw new OperandError(`${print(left)} cannot be compared with ${print(right)}`);
  }
  return { kind: 'equal', left, right, depth: deepest([left, right]) + 1 };
}

export function isNull(operand: Expression): Expression {
  return { kind: 'equal', left: operand, right: NULL, depth: operand.depth + 1 };
}

export function order(operator: OrderOperator, left: Expression, right: Expression): Expression {
  for (const side of [left, right]) {
    if (isConstant(side) ? !isNumber(side.value) : isCondition(side)) {
      throw new OperandError(`${print(side)} cannot be ordered: ${operator} takes properties and numbers`);
    }
  }
  return { kind: 'order', operator, left, right, depth: deepest([left, right]) + 1 };
}

export function between(operand: Expression, low: Expression, high: Expression, isNot: boolean): Expression {
  if (isNot) return logic('or', [order('<', operand, low), order('>', operand, high)]);
  if (isConstant(low) && isConstant(high)) {
    if (low.value === null || high.value === null) throw new OperandError('BETWEEN does not take NULL');
    if (isNumber(low.value) && isNumber(high.value) && compareJavaNumbers(high.value, low.value) < 0) {
      throw new OperandError(
        `BETWEEN ${print(low)} AND ${print(high)} is empty: the lower bound comes first`,
      );
    }
  }
  return logic('and', [order('>=', operand, low), order('<=', operand, high)]);
}

export function isIn(operand: Expression, values: readonly string[], isNot: boolean): Expression {
  if (operand.kind !== 'property') throw new OperandError(`IN takes a property, not ${print(operand)}`);
  return { kind: 'in', name: operand.name, values, negated: isNot, depth: 2 };
}

export function text(
  operator: TextOperator,
  operand: Expression,
  search: string,
  isNot: boolean,
): Expression {
  return { kind: 'text', operator, operand, search, negated: isNot, depth: operand.depth + 1 };
}

/** Where a condition is due: a property becomes one, a number or a text does not. */
export function asCondition(expression: Expression): Expression {
  if (isCondition(expression)) return expression;
  if (expression.kind === 'property') return { kind: 'cast', operand: expression, depth: 2 };
  throw new OperandError(`${print(expression)} is not a condition`);
}

export function isNumber(value: Constant): value is JavaNumber {
  return typeof value === 'object' && value !== null;
}

function isConstant(expression: Expression): expression is Expression & { kind: 'constant' } {
  return expression.kind === 'constant';
}

function isCondition(expression: Expression): boolean {
  if (expression.kind === 'constant')
    return expression.value === null || typeof expression.value === 'boolean';
  return expression.kind !== 'property' && expression.kind !== 'negate';
}

function deepest(expressions: readonly Expression[]): number {
  return expressions.reduce((depth, expression) => Math.max(depth, expression.depth), 0);
}

/** The tree as text, in the notation of upstream's `toString`. */
export function print(expression: Expression): string {
  switch (expression.kind) {
    case 'property':
      return expression.name;
    case 'constant':
      return printConstant(expression.value);
    case 'negate':
      return `(- ${print(expression.operand)})`;
    case 'not':
      return `(NOT ${print(expression.operand)})`;
    case 'cast':
      return print(expression.operand);
    case 'and':
    case 'or': {
      const sign = expression.kind === 'and' ? '&&' : '||';
      return expression.operands.map(print).reduce((left, right) => `(${left} ${sign} ${right})`);
    }
    case 'equal':
      return `(${print(expression.left)} == ${print(expression.right)})`;
    case 'order':
      return `(${print(expression.left)} ${expression.operator} ${print(expression.right)})`;
    case 'in':
      return `${expression.name} ${expression.negated ? 'NOT IN' : 'IN'} ( ${expression.values.join(', ')} )`;
    case 'text':
      return `(${expression.negated ? 'NOT ' : ''}${expression.operator} ${print(expression.operand)})`;
  }
}

function printConstant(value: Constant): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return typeof value === 'boolean' ? String(value).toUpperCase() : printJavaNumber(value);
}
