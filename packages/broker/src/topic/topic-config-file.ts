// config/topics.json (storage.md §10), which is also the body of GET_ALL_TOPIC_CONFIG when compact.
import {
  type DataVersion,
  type TopicConfig,
  type TopicConfigSerializeWrapper,
  parseFastjson,
  stringifyFastjson,
} from '@mq/remoting/protocol';
import { dataVersionFrom, entriesOf, isObject, numberFrom } from '../config/json-reader.js';

export interface TopicConfigFile {
  readonly dataVersion: DataVersion | undefined;
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
}

export function encodeTopicFile(
  wrapper: TopicConfigSerializeWrapper,
  options: { readonly pretty: boolean },
): string {
  return stringifyFastjson(wrapper, options);
}

/** Throws when the text is no JSON object. Missing members get Java's defaults, as 4.9 files lack some. */
export function decodeTopicFile(text: string): TopicConfigFile {
  const json = parseFastjson(text);
  if (!isObject(json)) throw new Error('topics.json is not a JSON object');
  const topicConfigTable = new Map<string, TopicConfig>();
  for (const [name, value] of entriesOf(json['topicConfigTable'])) {
    topicConfigTable.set(String(name), topicConfigFrom(String(name), value));
  }
  return { dataVersion: dataVersionFrom(json['dataVersion']), topicConfigTable };
}

/** One topic of JSON; throws when it is no object. */
export function topicConfigFrom(name: string, value: unknown): TopicConfig {
  if (!isObject(value)) throw new Error(`topic ${name} is not a JSON object`);
  const attributes: Record<string, string> = {};
  for (const [key, text] of entriesOf(value['attributes'])) attributes[String(key)] = String(text);
  return {
    topicName: typeof value['topicName'] === 'string' ? value['topicName'] : name,
    readQueueNums: numberFrom(value['readQueueNums'], 16),
    writeQueueNums: numberFrom(value['writeQueueNums'], 16),
    perm: numberFrom(value['perm'], 6),
    topicFilterType: value['topicFilterType'] === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG',
    topicSysFlag: numberFrom(value['topicSysFlag'], 0),
    order: value['order'] === true || value['order'] === 'true',
    attributes,
  };
}
