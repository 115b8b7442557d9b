// Reading what parseFastjson returned, known members only: a hostile or foreign file cannot bring in anything else.
import type { DataVersion } from '@mq/remoting/protocol';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** The entries of a JSON object, whether its keys were names, ints or objects. Anything else has none. */
export function entriesOf(value: unknown): Iterable<readonly [unknown, unknown]> {
  if (value instanceof Map) return value.entries();
  return isObject(value) ? Object.entries(value) : [];
}

/** A dataVersion with what is missing defaulted, as 4.9 writes no stateVersion; undefined when there is none at all. */
export function dataVersionFrom(value: unknown): DataVersion | undefined {
  if (!isObject(value)) return undefined;
  return {
    counter: numberFrom(value['counter'], 0),
    stateVersion: numberFrom(value['stateVersion'], 0),
    timestamp: numberFrom(value['timestamp'], 0),
  };
}

export function numberFrom(value: unknown, fallback: number): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : fallback;
}
