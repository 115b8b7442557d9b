// Shapes: what a JSON body looks like, declared once. From a shape come the TypeScript type, the decoder, which is as
// lenient as fastjson (missing members take Java's defaults, numbers may stand in quotes, unknown members are
// ignored), and the encoder, which writes members in the order Java does.
import { RemotingError } from '../../errors.js';
import { parseFastjson } from '../fastjson-reader.js';
import { JavaDouble, stringifyFastjson, type StringifyOptions } from '../fastjson-writer.js';
import type { MessageQueue } from '../message-queue.js';

/** How a value of type `T` is read from parsed JSON, and turned into what `stringifyFastjson` takes. */
export interface Shape<T> {
  decode(json: unknown): T;
  encode(value: T): unknown;
  /** Java's default for a member that is missing or null; without one such a member is an error. */
  readonly absent?: () => T;
  /** Name on the wire where it is not the member's own. */
  readonly wireKey?: string;
}

export type BodyOf<S> = S extends Shape<infer T> ? T : never;

type Members = Readonly<Record<string, Shape<never> | Shape<unknown>>>;
type Optional<M extends Members> = { [K in keyof M]: undefined extends BodyOf<M[K]> ? K : never }[keyof M];
type Flat<T> = { [K in keyof T]: T[K] };
// `K extends keyof M`, not `keyof M` itself: so members keep the docstrings they are declared with.
type Values<M extends Members, K extends keyof M> = { -readonly [P in K]: BodyOf<M[P]> };
/** The object type of a bean with these members. */
export type Bean<M extends Members> = Flat<
  Values<M, Exclude<keyof M, Optional<M>>> & Partial<Values<M, Optional<M>>>
>;

/** A problem inside a body; gathers the path to it on its way out. */
class BodyProblem extends Error {
  readonly path: string[] = [];
}

const mustBe = (noun: string, json: unknown): BodyProblem =>
  new BodyProblem(`must be ${noun}, got ${clip(stringifyFastjson(json))}`);

/** A string; numbers and booleans count as their text. Required unless `optional`. */
export const text: Shape<string> = {
  decode(json) {
    if (typeof json === 'string') return json;
    if (typeof json === 'number' || typeof json === 'bigint' || typeof json === 'boolean')
      return String(json);
    throw mustBe('a string', json);
  },
  encode: (value) => value,
};

const integer = (noun: string, min: number, max: number): Shape<number> => ({
  decode(json) {
    const value = typeof json === 'string' && json.trim() !== '' ? Number(json) : json;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    if (value === JAVA_LONG_MAX && max === Number.MAX_SAFE_INTEGER) return max;
    if (value === JAVA_LONG_MIN && min === Number.MIN_SAFE_INTEGER) return min;
    throw mustBe(noun, json);
  },
  encode: (value) => value,
  absent: () => 0,
});

const JAVA_LONG_MAX = 2n ** 63n - 1n;
const JAVA_LONG_MIN = -(2n ** 63n);

/** A Java int; 0 when missing. */
export const int = integer('an int', -(2 ** 31), 2 ** 31 - 1);

/** A Java long as a `number`; `Long.MAX_VALUE` and `Long.MIN_VALUE` saturate, others beyond 2^53 are errors. 0 when missing. */
export const long = integer('a long', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** A Java long without loss: a `bigint` where a `number` is not exact. 0 when missing. */
export const exactLong: Shape<number | bigint> = {
  decode: (json) => (typeof json === 'bigint' ? json : long.decode(json)),
  encode: (value) => value,
  absent: () => 0,
};

/** A Java double, written as Java writes it; 0 when missing. */
export const double: Shape<number> = {
  decode(json) {
    const value = typeof json === 'string' && json.trim() !== '' ? Number(json) : json;
    if (typeof value === 'number') return value;
    throw mustBe('a number', json);
  },
  encode: (value) => new JavaDouble(value),
  absent: () => 0,
};

/** A boolean, also in quotes or as 0 and 1; false when missing. */
export const flag: Shape<boolean> = {
  decode(json) {
    // Objects of decoded JSON have no prototype, and so no text.
    const word = typeof json === 'object' ? '' : String(json).toLowerCase();
    if (word === 'true' || word === '1') return true;
    if (word === 'false' || word === '0') return false;
    throw mustBe('a boolean', json);
  },
  encode: (value) => value,
  absent: () => false,
};

/** A Java byte array: base64. Required unless `optional`. */
export const bytes: Shape<Buffer> = {
  decode(json) {
    if (typeof json === 'string') return Buffer.from(json, 'base64');
    throw mustBe('base64', json);
  },
  encode: (value) => value.toString('base64'),
};

/** One of a closed set of enum names, in the order of their ordinals, which count too. Required unless `optional`. */
export function enumOf<const N extends string>(...names: readonly N[]): Shape<N> {
  return {
    decode(json) {
      const name = typeof json === 'number' ? names[json] : names.find((candidate) => candidate === json);
      if (name === undefined) throw mustBe(`one of ${names.join(', ')}`, json);
      return name;
    },
    encode: (value) => value,
  };
}

/** A Java list. Empty when missing. */
export const list = <T>(item: Shape<T>): Shape<T[]> => ({
  decode(json) {
    if (!Array.isArray(json)) throw mustBe('a list', json);
    return json.map((value, index) => decodeMember(item, String(index), value));
  },
  encode: (items) => items.map((value) => item.encode(value)),
  absent: () => [],
});

/** A Java set as an array: no order is promised. Empty when missing. */
export const setList = <T>(item: Shape<T>): Shape<T[]> => ({
  ...list(item),
  encode: (items) => new Set(items.map((value) => item.encode(value))),
});

/** A Java set as a `Set`, for scalars that are looked up. Empty when missing. */
export const setOf = <T extends string | number>(item: Shape<T>): Shape<ReadonlySet<T>> => ({
  decode: (json) => new Set(list(item).decode(json)),
  encode: (items) => new Set(Array.from(items, (value) => item.encode(value))),
  absent: () => new Set(),
});

/** A map with string keys, as an object without prototype. Empty when missing; entries whose value is null are dropped. */
export const table = <T>(value: Shape<T>): Shape<Record<string, T>> => ({
  decode(json) {
    const record = emptyTable<T>();
    for (const [key, item] of entriesOf(json)) {
      const name = nameOf(key);
      if (item !== null) record[name] = decodeMember(value, name, item);
    }
    return record;
  },
  encode(record) {
    const encoded = emptyTable<unknown>();
    for (const key of Object.keys(record)) encoded[key] = value.encode(record[key]!);
    return encoded;
  },
  absent: emptyTable,
});

/** A Java map with keys that are no strings. */
function mapOf<K, T>(key: Shape<K>, value: Shape<T>): Shape<Map<K, T>> {
  return {
    decode(json) {
      const map = new Map<K, T>();
      for (const [jsonKey, item] of entriesOf(json)) {
        if (item === null) continue;
        const name = nameOf(jsonKey);
        map.set(decodeMember(key, name, jsonKey), decodeMember(value, name, item));
      }
      return map;
    },
    encode: (map) => new Map(Array.from(map, ([name, item]) => [key.encode(name), value.encode(item)])),
    absent: () => new Map(),
  };
}

/** A map with int or long keys, bare or in quotes. */
export const intTable = <T>(value: Shape<T>): Shape<Map<number, T>> => mapOf(long, value);

/** A map whose keys are queues, `{{"brokerName":..}:value}`. Keys are objects of their own: iterate, or key by `messageQueueKey`. */
export const queueTable = <T>(value: Shape<T>): Shape<Map<MessageQueue, T>> => mapOf(messageQueue, value);

/**
 * A Java bean. Members are written in alphabetical order of their wire names, `undefined` ones left out; a member
 * whose shape has no default must be present.
 */
export function bean<const M extends Members>(members: M): Shape<Bean<M>> {
  const parts = Object.entries(members)
    .map(([key, shape]) => ({ key, shape: shape as Shape<unknown>, wireKey: shape.wireKey ?? key }))
    .sort((a, b) => (a.wireKey < b.wireKey ? -1 : 1));
  return {
    decode(json) {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) throw mustBe('an object', json);
      const source = json instanceof Map ? namedMembers(json) : (json as Record<string, unknown>);
      const result: Record<string, unknown> = {};
      for (const { key, wireKey, shape } of parts) {
        const value = source[wireKey] ?? source[key] ?? null;
        const member = value === null ? absentMember(shape, wireKey) : decodeMember(shape, wireKey, value);
        if (member !== undefined) result[key] = member;
      }
      return result as Bean<M>;
    },
    encode(value) {
      const source = value as Readonly<Record<string, unknown>>;
      const result: Record<string, unknown> = {};
      for (const { key, wireKey, shape } of parts) {
        const member = source[key];
        if (member !== undefined && member !== null) result[wireKey] = shape.encode(member);
      }
      return result;
    },
  };
}

/** The member may be absent: `undefined`. */
export const optional = <T>(shape: Shape<T>): Shape<T | undefined> => ({
  ...shape,
  encode: (value) => (value === undefined ? undefined : shape.encode(value)),
  absent: () => undefined,
});

/** The member takes this value when missing. */
export const or = <T>(shape: Shape<T>, value: T): Shape<T> => ({ ...shape, absent: () => value });

/** Like `or`, for objects: each body gets its own. */
export const orNew = <T>(shape: Shape<T>, create: () => T): Shape<T> => ({ ...shape, absent: create });

/** The member has this name on the wire; its own is understood too. */
export const wire = <T>(wireKey: string, shape: Shape<T>): Shape<T> => ({ ...shape, wireKey });

/** A queue, as a value or as the key of a map. */
export const messageQueue: Shape<MessageQueue> = bean({ brokerName: text, queueId: int, topic: text });

/** The two ends of a body: `name` is upstream's class, for errors. */
export interface BodyCodec<T> {
  /** Compact fastjson by default; `{ pretty: true }` is how configuration files have it. */
  encode(body: T, options?: StringifyOptions): Buffer;
  /** @throws RemotingError `BAD_BODY`, naming class and member. */
  decode(body: Buffer | string | undefined): T;
}

/** Encoder and decoder of a body that is one JSON value of `shape`. */
export function jsonBody<T>(name: string, shape: Shape<T>): BodyCodec<T> {
  return {
    encode: (body, options) =>
      Buffer.from(stringifyFastjson(shape.encode(body), { sort: false, ...options })),
    decode(body) {
      if (body === undefined) throw new RemotingError('BAD_BODY', `${name}: the body is missing`);
      const json = parseFastjson(body);
      return decodeShape(name, shape, json);
    },
  };
}

/** Decodes parsed JSON. @throws RemotingError `BAD_BODY`, naming class and member. */
export function decodeShape<T>(name: string, shape: Shape<T>, json: unknown): T {
  try {
    return shape.decode(json);
  } catch (error) {
    if (!(error instanceof BodyProblem)) throw error;
    throw new RemotingError(
      'BAD_BODY',
      `${[name, error.path.join('.')].filter(Boolean).join(': ')} ${error.message}`,
    );
  }
}

const emptyTable = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

function decodeMember<T>(shape: Shape<T>, key: string, value: unknown): T {
  try {
    return shape.decode(value);
  } catch (error) {
    throw within(key, error);
  }
}

function absentMember(shape: Shape<unknown>, key: string): unknown {
  if (shape.absent === undefined) throw within(key, new BodyProblem('is required but missing'));
  return shape.absent();
}

function within(key: string, error: unknown): unknown {
  if (error instanceof BodyProblem) error.path.unshift(clip(key));
  return error;
}

function entriesOf(json: unknown): Iterable<[unknown, unknown]> {
  if (json instanceof Map) return json as Map<unknown, unknown>;
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return Object.entries(json);
  throw mustBe('a map', json);
}

/** A key as text; one that is an object has no text of its own. */
const nameOf = (key: unknown): string => (typeof key === 'object' ? stringifyFastjson(key) : String(key));

/** Of an object that the reader made a Map because some keys are no names, the members that have one. */
function namedMembers(json: ReadonlyMap<unknown, unknown>): Record<string, unknown> {
  const members = emptyTable<unknown>();
  for (const [key, value] of json) if (typeof key !== 'object') members[String(key)] = value;
  return members;
}

const clip = (value: string): string => (value.length > 100 ? `${value.slice(0, 100)}...` : value);
