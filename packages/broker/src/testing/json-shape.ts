import { type FastjsonMap, parseFastjson } from '@mq/remoting/protocol';

/** What a JSON text is made of: member names and kinds of values, whatever the values are. */
export type Shape = string | { readonly [member: string]: Shape };

/**
 * The shape of a JSON body. Lists become the shape of their elements together; `tables` are members whose keys are data
 * (names of topics, groups, queues), or lists of such tables; they become the shape of their values together.
 */
export function shapeOf(body: Buffer | string, tables: ReadonlySet<string>): Shape {
  return shape(parseFastjson(body), tables, false);
}

/** What `expected` has and `actual` lacks or has of another kind, as paths. An empty list or table fits any. */
export function missingIn(actual: Shape, expected: Shape, path = ''): string[] {
  if (expected === 'empty' || actual === 'empty') return [];
  if (typeof expected === 'string' || typeof actual === 'string') {
    return actual === expected ? [] : [`${path}: ${describe(expected)} expected, got ${describe(actual)}`];
  }
  return Object.entries(expected).flatMap(([member, inner]) => {
    const own = actual[member];
    return own === undefined ? [`${path}.${member} is missing`] : missingIn(own, inner, `${path}.${member}`);
  });
}

const describe = (value: Shape): string => (typeof value === 'string' ? value : 'object');

function shape(value: unknown, tables: ReadonlySet<string>, isTable: boolean): Shape {
  if (Array.isArray(value)) return merge(value.map((item) => shape(item, tables, isTable)));
  if (value instanceof Map) {
    const entries = [...(value as FastjsonMap)];
    const keys = merge(
      entries.map(([key]) => (typeof key === 'object' ? shape(key, tables, false) : typeof key)),
    );
    return { key: keys, value: merge(entries.map(([, item]) => shape(item, tables, false))) };
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (isTable) return merge(members.map(([, item]) => shape(item, tables, false)));
    return Object.fromEntries(members.map(([name, item]) => [name, shape(item, tables, tables.has(name))]));
  }
  return typeof value;
}

function merge(shapes: readonly Shape[]): Shape {
  return shapes.reduce<Shape>((merged, next) => {
    if (next === 'empty') return merged;
    return typeof merged === 'object' && typeof next === 'object' ? { ...merged, ...next } : next;
  }, 'empty');
}
