// config/delayOffset.json (storage.md §10): how far each delay level was delivered. 5.x writes dataVersion and
// offsetTable, 4.9 only the table.
import { type DataVersion, parseFastjson, stringifyFastjson } from '@mq/remoting/protocol';

import { dataVersionFrom, entriesOf, isObject } from '../config/json-reader.js';

export interface DelayOffsetFile {
  readonly dataVersion: DataVersion | undefined;
  /** level → queue offset of the next message to deliver. */
  readonly offsetTable: ReadonlyMap<number, number>;
}

export function encodeDelayOffsets(file: DelayOffsetFile, options: { readonly pretty: boolean }): string {
  return stringifyFastjson(file, options);
}

/** Throws when the text is no JSON object or an offset is no safe integer. */
export function decodeDelayOffsets(text: string): DelayOffsetFile {
  const json = parseFastjson(text);
  if (!isObject(json)) throw new Error('delayOffset.json is not a JSON object');
  const offsetTable = new Map<number, number>();
  for (const [level, offset] of entriesOf(json['offsetTable'])) {
    if (!Number.isSafeInteger(Number(level)) || !Number.isSafeInteger(Number(offset))) {
      throw new Error(`delayOffset.json: level ${String(level)} has offset ${String(offset)}`);
    }
    offsetTable.set(Number(level), Number(offset));
  }
  return { dataVersion: dataVersionFrom(json['dataVersion']), offsetTable };
}
