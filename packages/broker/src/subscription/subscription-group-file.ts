// config/subscriptionGroup.json (storage.md §10), which is also the body of GET_ALL_SUBSCRIPTIONGROUP_CONFIG when compact.
import {
  type DataVersion,
  type SubscriptionGroupConfig,
  parseFastjson,
  stringifyFastjson,
} from '@mq/remoting/protocol';
import { dataVersionFrom, entriesOf, isObject, numberFrom } from '../config/json-reader.js';
import type { SubscriptionGroupTables } from './subscription-group-manager.js';

export interface SubscriptionGroupFile {
  readonly dataVersion: DataVersion | undefined;
  readonly forbiddenTable: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>;
}

/** A group as upstream's `SubscriptionGroupConfig` constructor makes it. */
export function newSubscriptionGroupConfig(groupName: string): SubscriptionGroupConfig {
  return subscriptionGroupConfigFrom(groupName, {});
}

export function encodeGroupFile(
  tables: SubscriptionGroupTables,
  options: { readonly pretty: boolean },
): string {
  return stringifyFastjson(tables, options);
}

/** Throws when the text is no JSON object. Missing members get Java's defaults, as 4.9 files lack many. */
export function decodeGroupFile(text: string): SubscriptionGroupFile {
  const json = parseFastjson(text);
  if (!isObject(json)) throw new Error('subscriptionGroup.json is not a JSON object');
  const forbiddenTable = new Map<string, Map<string, number>>();
  for (const [group, topics] of entriesOf(json['forbiddenTable'])) {
    const bits = new Map<string, number>();
    for (const [topic, value] of entriesOf(topics)) bits.set(String(topic), numberFrom(value, 0));
    forbiddenTable.set(String(group), bits);
  }
  const subscriptionGroupTable = new Map<string, SubscriptionGroupConfig>();
  for (const [name, value] of entriesOf(json['subscriptionGroupTable'])) {
    subscriptionGroupTable.set(String(name), subscriptionGroupConfigFrom(String(name), value));
  }
  return { dataVersion: dataVersionFrom(json['dataVersion']), forbiddenTable, subscriptionGroupTable };
}
