// Small answers of a broker to its operators.
import { bean, int, jsonBody, long, messageQueue, optional, table, text, type BodyOf } from './shape.js';
import { topicQueueMappingDetailTable } from './topic-queue-mapping.js';
import { optionalDataVersion } from './data-version.js';

const accAndTimeStamp = bean({
  coldAcc: long,
  createTimeMills: long,
  lastColdReadTimeMills: long,
});
/**
 * Cold bytes a group read in the current period, ms of its last cold read and of the begin of its counting;
 * upstream's `AccAndTimeStamp`.
 */
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
/**
 * Body of the answer to GET_COLD_DATA_FLOW_CTR_INFO (2003), for which upstream has no class. Decoding throws
 * RemotingError `BAD_BODY`.
 */
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
/**
 * Body of the answer to CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354): upstream's `CheckRocksdbCqWriteResult`. Decoding
 * throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeCheckRocksdbCqWriteResult, decode: decodeCheckRocksdbCqWriteResult } = jsonBody(
  'CheckRocksdbCqWriteResult',
  checkRocksdbCqWriteResult,
);

const offsetMovedEvent = bean({ consumerGroup: text, messageQueue, offsetNew: long, offsetRequest: long });
/** Body of the messages 4.9 writes to OFFSET_MOVED_EVENT. */
export type OffsetMovedEvent = BodyOf<typeof offsetMovedEvent>;
/**
 * Body of a message in topic OFFSET_MOVED_EVENT, no request: upstream's `OffsetMovedEvent`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
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
/**
 * The text of `config/topicQueueMapping.json`: upstream's `TopicQueueMappingSerializeWrapper`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const {
  encode: encodeTopicQueueMappingSerializeWrapper,
  decode: decodeTopicQueueMappingSerializeWrapper,
} = jsonBody('TopicQueueMappingSerializeWrapper', topicQueueMappingSerializeWrapper);
