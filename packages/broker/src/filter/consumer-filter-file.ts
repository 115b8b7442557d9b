// config/consumerFilter.json in Apache's format (upstream: ConsumerFilterManager#encode and #decode).
import type { BloomFilterData } from '@mq/filter';
import { parseFastjson, stringifyFastjson } from '@mq/remoting/protocol';

import { type ConsumerFilterData, isDead } from './consumer-filter-data.js';

/** What the file says of one group; the expression is not compiled. */
export type StoredFilterData = Omit<ConsumerFilterData, 'filter'>;

export function encodeConsumerFilters(
  filters: ReadonlyMap<string, ReadonlyMap<string, ConsumerFilterData>>,
): string {
  const filterDataByTopic: Record<string, unknown> = {};
  for (const [topic, groups] of filters) {
    const groupFilterData: Record<string, unknown> = {};
    for (const [group, data] of groups) groupFilterData[group] = storedForm(data);
    filterDataByTopic[topic] = { groupFilterData, topic };
  }
  return stringifyFastjson({ filterDataByTopic }, { pretty: true });
}

/** What the file says of one group, as Java prints it; `null` where the broker knows no expression. */
export function filterDataJson(data: ConsumerFilterData | undefined): string {
  return data === undefined ? 'null' : stringifyFastjson(storedForm(data), { pretty: true });
}

function storedForm(data: ConsumerFilterData): Record<string, unknown> {
  const { filter: _filter, bloomFilterData, ...stored } = data;
  const bloom = bloomFilterData && {
    bitNum: bloomFilterData.bitNum,
    bitPos: [...bloomFilterData.bitPos],
  };
  return { ...stored, bloomFilterData: bloom, dead: isDead(data) };
}

/** Entries that are not whole are left out. @throws when the text is no JSON */
export function decodeConsumerFilters(text: string): StoredFilterData[] {
  const found: StoredFilterData[] = [];
  for (const ofTopic of valuesOf(fieldOf(parseFastjson(text), 'filterDataByTopic'))) {
    for (const entry of valuesOf(fieldOf(ofTopic, 'groupFilterData'))) {
      const data = storedData(entry);
      if (data !== undefined) found.push(data);
    }
  }
  return found;
}

function storedData(entry: unknown): StoredFilterData | undefined {
  const topic = fieldOf(entry, 'topic');
  const consumerGroup = fieldOf(entry, 'consumerGroup');
  const expression = fieldOf(entry, 'expression');
  const expressionType = fieldOf(entry, 'expressionType');
  if (
    typeof topic !== 'string' ||
    typeof consumerGroup !== 'string' ||
    typeof expression !== 'string' ||
    typeof expressionType !== 'string'
  )
    return undefined;
  return {
    topic,
    consumerGroup,
    expression,
    expressionType,
    bornTime: numberOf(fieldOf(entry, 'bornTime')),
    deadTime: numberOf(fieldOf(entry, 'deadTime')),
    clientVersion: numberOf(fieldOf(entry, 'clientVersion')),
    bloomFilterData: bloomData(fieldOf(entry, 'bloomFilterData')),
  };
}

function bloomData(value: unknown): BloomFilterData | undefined {
  const bitPos = fieldOf(value, 'bitPos');
  const bitNum = fieldOf(value, 'bitNum');
  if (typeof bitNum !== 'number' || !Array.isArray(bitPos)) return undefined;
  const isInside = (position: unknown): boolean =>
    Number.isInteger(position) && (position as number) >= 0 && (position as number) < bitNum;
  return bitPos.every(isInside) ? { bitNum, bitPos: bitPos as number[] } : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function valuesOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
