// From a tree to closures that evaluate it (upstream: the `evaluate` methods of filter/expression). Conditions give one of four
// small integers, so that evaluating a message allocates nothing, not even when a property is no number.
import { asCondition, type Constant, type Expression, isNumber, type OrderOperator } from './expression.js';
import {
  compareJavaNumbers,
  compareNumbers,
  type JavaNumber,
  negate,
  parseJavaDouble,
  parseJavaNumber,
} from './java-number.js';

/** Where an expression finds the properties of a message. */
export interface PropertySource {
  /** undefined: the message has no such property. Names are case-sensitive. */
  property(name: string): string | undefined;
}

/** Three truth values, and FAILED where upstream throws: nothing above a failed comparison is evaluated any more. */
export const SqlResult = { FALSE: 0, TRUE: 1, UNKNOWN: 2, FAILED: 3 } as const;
export type SqlResult = (typeof SqlResult)[keyof typeof SqlResult];

export type Condition = (source: PropertySource) => SqlResult;

const { FALSE, TRUE, UNKNOWN, FAILED } = SqlResult;
const failed = Symbol('failed');
type Value = Constant | typeof failed;

export function compileCondition(expression: Expression): Condition {
  switch (expression.kind) {
    case 'constant': {
      const result = expression.value === null ? UNKNOWN : expression.value === true ? TRUE : FALSE;
      return () => result;
    }
    case 'cast':
      // Properties are texts, and a text is not TRUE, whatever it says.
      return presence(expression.operand);
    case 'not':
      return inversion(compileCondition(expression.operand));
    case 'and':
      return chain(expression.operands.map(compileCondition), FALSE, TRUE);
    case 'or':
      return chain(expression.operands.map(compileCondition), TRUE, FALSE);
    case 'equal':
      return equality(expression.left, expression.right);
    case 'order':
      return ordering(expression.operator, expression.left, expression.right);
    case 'in':
      return membership(expression);
    case 'text':
      return textTest(expression);
    default:
      return compileCondition(asCondition(expression));
  }
}

function presence(operand: Expression): Condition {
  const value = compileValue(operand);
  return (source) => (value(source) === null ? UNKNOWN : FALSE);
}

function inversion(condition: Condition): Condition {
  return (source) => {
    const result = condition(source);
    return result === TRUE ? FALSE : result === FALSE ? TRUE : result;
  };
}

/** AND and OR: the first `decisive` result decides; else one that is unknown makes it unknown. */
function chain(conditions: readonly Condition[], decisive: SqlResult, otherwise: SqlResult): Condition {
  return (source) => {
    let result = otherwise;
    for (let i = 0; i < conditions.length; i++) {
      const one = conditions[i]!(source);
      if (one === decisive || one === FAILED) return one;
      if (one === UNKNOWN) result = UNKNOWN;
    }
    return result;
  };
}

function membership({ name, values, negated }: Expression & { kind: 'in' }): Condition {
  const set = new Set(values);
  return (source) => {
    const value = source.property(name);
    if (value === undefined) return UNKNOWN;
    return set.has(value) !== negated ? TRUE : FALSE;
  };
}

/** Never unknown: a property that is missing neither contains a text nor does not. */
function textTest({ operator, operand, search, negated }: Expression & { kind: 'text' }): Condition {
  if (search === '') return () => FALSE;
  const value = compileValue(operand);
  return (source) => {
    const text = value(source);
    if (text === failed) return FAILED;
    if (typeof text !== 'string') return FALSE;
    const found =
      operator === 'CONTAINS'
        ? text.includes(search)
        : operator === 'STARTSWITH'
          ? text.startsWith(search)
          : text.endsWith(search);
    return found !== negated ? TRUE : FALSE;
  };
}

// ---- comparisons

function equality(left: Expression, right: Expression): Condition {
  const quick = propertyAgainstConstant(left, right);
  if (quick !== undefined) {
    const { name, value } = quick;
    if (typeof value === 'string') {
      return (source) => {
        const text = source.property(name);
        return text === undefined ? UNKNOWN : text === value ? TRUE : FALSE;
      };
    }
    return numberTest(name, value, (sign) => sign === 0);
  }
  const leftValue = compileValue(left);
  const rightValue = compileValue(right);
  return (source) => {
    const a = leftValue(source);
    if (a === failed) return FAILED;
    const b = rightValue(source);
    if (b === failed) return FAILED;
    // Not symmetric: upstream says null for a null on the left only.
    if (a === null) return b === null ? TRUE : UNKNOWN;
    if (b === null) return FALSE;
    const sign = compareValues(a, b);
    return sign === undefined ? FAILED : sign === 0 ? TRUE : FALSE;
  };
}

function ordering(operator: OrderOperator, left: Expression, right: Expression): Condition {
  const holds = ORDERS[operator];
  const quick = propertyAgainstConstant(left, right);
  if (quick !== undefined && typeof quick.value !== 'string')
    return numberTest(quick.name, quick.value, holds);
  const leftValue = compileValue(left);
  const rightValue = compileValue(right);
  return (source) => {
    const a = leftValue(source);
    if (a === null) return UNKNOWN;
    if (a === failed) return FAILED;
    const b = rightValue(source);
    if (b === null) return UNKNOWN;
    if (b === failed) return FAILED;
    const sign =
      typeof a === 'string' && typeof b === 'string' ? compareAsDoubles(a, b) : compareValues(a, b);
    return sign === undefined ? FAILED : holds(sign) ? TRUE : FALSE;
  };
}

const ORDERS: Readonly<Record<OrderOperator, (sign: number) => boolean>> = {
  '>': (sign) => sign > 0,
  '>=': (sign) => sign >= 0,
  '<': (sign) => sign < 0,
  '<=': (sign) => sign <= 0,
};

/** The usual comparison: a property on the left, a literal on the right. */
function propertyAgainstConstant(
  left: Expression,
  right: Expression,
): { name: string; value: string | JavaNumber } | undefined {
  if (left.kind !== 'property') return undefined;
  const value = constantOf(right);
  if (value === undefined || value === null || typeof value === 'boolean') return undefined;
  return { name: left.name, value };
}

function numberTest(name: string, { type, value }: JavaNumber, holds: (sign: number) => boolean): Condition {
  return (source) => {
    const text = source.property(name);
    if (text === undefined) return UNKNOWN;
    const number = parseJavaNumber(text, type);
    if (number === undefined) return FAILED;
    return holds(compareNumbers(number, value)) ? TRUE : FALSE;
  };
}

/** Upstream's `__compare`: negative, 0 or positive; undefined where it throws. */
function compareValues(a: NonNullable<Constant>, b: NonNullable<Constant>): number | undefined {
  if (typeof a === 'string') {
    if (typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1;
    if (typeof b === 'boolean') return Number(isTrue(a)) - Number(b);
    const number = parseJavaNumber(a, b.type);
    return number === undefined ? undefined : compareNumbers(number, b.value);
  }
  if (typeof a === 'boolean') {
    if (typeof b === 'boolean') return Number(a) - Number(b);
    // Upstream casts the wrong side and throws; beside a number a truth value is just less.
    return typeof b === 'string' ? undefined : -1;
  }
  if (typeof b === 'boolean') return -1;
  if (typeof b !== 'string') return compareJavaNumbers(a, b);
  const number = parseJavaNumber(b, a.type);
  return number === undefined ? undefined : compareNumbers(a.value, number);
}

/** Two properties can be ordered if both are numbers. */
function compareAsDoubles(a: string, b: string): number | undefined {
  const left = parseJavaDouble(a);
  const right = parseJavaDouble(b);
  return left === undefined || right === undefined ? undefined : compareNumbers(left, right);
}

/** `Boolean.valueOf` */
function isTrue(text: string): boolean {
  return text.length === 4 && text.toLowerCase() === 'true';
}

// ---- values

/** What an expression is worth before any message is seen; undefined when that depends on the message. */
function constantOf(expression: Expression): Constant | undefined {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind !== 'negate') return undefined;
  const value = constantOf(expression.operand);
  if (value === undefined) return undefined;
  return isNumber(value) ? negate(value) : null;
}

function compileValue(expression: Expression): (source: PropertySource) => Value {
  const value = constantOf(expression);
  if (value !== undefined) return () => value;
  if (expression.kind === 'property') {
    const { name } = expression;
    return (source) => source.property(name) ?? null;
  }
  if (expression.kind === 'negate') {
    // Of a text or of a truth value: null, unless finding the value out fails.
    const operand = compileValue(expression.operand);
    return (source) => (operand(source) === failed ? failed : null);
  }
  const condition = compileCondition(expression);
  return (source) => VALUES[condition(source)];
}

const VALUES: Readonly<Record<SqlResult, Value>> = {
  [FALSE]: false,
  [TRUE]: true,
  [UNKNOWN]: null,
  [FAILED]: failed,
};
