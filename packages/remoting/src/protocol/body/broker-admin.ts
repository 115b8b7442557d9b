// Small answers of a broker to its operators.
import { bean, int, jsonBody, long, messageQueue, optional, table, text, type BodyOf } from './shape.js';
import { topicQueueMappingDetailTable } from './topic-queue-mapping.js';
import { optionalDataVersion } from './data-version.js';

const accAndTimeStamp = bean({
  coldAcc: long,
  createTimeMills: long,
  lastColdReadTimeMills: long,
});
export type AccAndTimeStamp = BodyOf<typeof accAndTimeStamp>;

const coldDataFlowCtrInfo = bean({
  cgColdReadThreshold: long,
  /** Thresholds in bytes that an operator set, by group. */
  configTable: table(long),
  globalAcc: long,
  globalColdReadThreshold: long,
  runtimeTable: table(accAndTimeStamp),
});
/** Answer of 2003 GET_COLD_DATA_FLOW_CTR_INFO. */
export type ColdDataFlowCtrInfo = BodyOf<typeof coldDataFlowCtrInfo>;
export const { encode: encodeColdDataFlowCtrInfo, decode: decodeColdDataFlowCtrInfo } = jsonBody(
  'ColdDataFlowCtrInfo',
  coldDataFlowCtrInfo,
);

const checkRocksdbCqWriteResult = bean({
  checkResult: optional(text),
  /** 0 same, 1 different, 2 in progress, 3 error. */
  checkStatus: int,
});
/** Answer of 354. */
export type CheckRocksdbCqWriteResult = BodyOf<typeof checkRocksdbCqWriteResult>;
export const { encode: encodeCheckRocksdbCqWriteResult, decode: decodeCheckRocksdbCqWriteResult } = jsonBody(
  'CheckRocksdbCqWriteResult',
  checkRocksdbCqWriteResult,
);

const offsetMovedEvent = bean({ consumerGroup: text, messageQueue, offsetNew: long, offsetRequest: long });
/** Body of the messages 4.9 writes to OFFSET_MOVED_EVENT. */
export type OffsetMovedEvent = BodyOf<typeof offsetMovedEvent>;
export const { encode: encodeOffsetMovedEvent, decode: decodeOffsetMovedEvent } = jsonBody(
  'OffsetMovedEvent',
  offsetMovedEvent,
);

const topicQueueMappingSerializeWrapper = bean({
  dataVersion: optionalDataVersion,
  topicQueueMappingInfoMap: topicQueueMappingDetailTable,
});
/** The file `topicQueueMapping.json`. */
export type TopicQueueMappingSerializeWrapper = BodyOf<typeof topicQueueMappingSerializeWrapper>;
export const {
  encode: encodeTopicQueueMappingSerializeWrapper,
  decode: decodeTopicQueueMappingSerializeWrapper,
} = jsonBody('TopicQueueMappingSerializeWrapper', topicQueueMappingSerializeWrapper);
