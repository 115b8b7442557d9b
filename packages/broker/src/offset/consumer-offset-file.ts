// config/consumerOffset.json (storage.md §10): 5.x writes dataVersion, groupTopicMap and offsetTable; 4.9 only the last.
import { type DataVersion, parseFastjson, stringifyFastjson } from '@mq/remoting/protocol';
import { dataVersionFrom, entriesOf, isObject } from '../config/json-reader.js';

export interface ConsumerOffsetFile {
  readonly dataVersion: DataVersion | undefined;
  readonly groupTopicMap: ReadonlyMap<string, readonly string[]>;
  /** `topic@group` → queueId → offset. */
  readonly offsetTable: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

export function encodeOffsetFile(file: ConsumerOffsetFile, options: { readonly pretty: boolean }): string {
  return stringifyFastjson(file, options);
}

/** Throws when the text is no JSON object or an offset is no safe integer. */
export function decodeOffsetFile(text: string): ConsumerOffsetFile {
  const json = parseFastjson(text);
  if (!isObject(json)) throw new Error('consumerOffset.json is not a JSON object');
  const offsetTable = new Map<string, Map<number, number>>();
  for (const [key, queues] of entriesOf(json['offsetTable'])) {
    const offsets = new Map<number, number>();
    for (const [queueId, offset] of entriesOf(queues)) {
      if (!Number.isSafeInteger(Number(queueId)) || !Number.isSafeInteger(Number(offset))) {
        throw new Error(`consumerOffset.json: ${key} queue ${String(queueId)} has offset ${String(offset)}`);
      }
      offsets.set(Number(queueId), Number(offset));
    }
    offsetTable.set(String(key), offsets);
  }
  const groupTopicMap = new Map<string, string[]>();
  return { dataVersion: dataVersionFrom(json['dataVersion']), groupTopicMap, offsetTable };
}
