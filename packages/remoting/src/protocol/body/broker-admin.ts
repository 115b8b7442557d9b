// Small answers of a broker to its operators.
import { bean, int, jsonBody, long, messageQueue, optional, table, text, type BodyOf } from './shape.js';
import { topicQueueMappingDetailTable } from './topic-queue-mapping.js';
import { optionalDataVersion } from './data-version.js';

const accAndTimeStamp = bean({
  /** Bytes. */
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
  /** Of a group without one of its own, bytes. */
  cgColdReadThreshold: long,
  /** Thresholds in bytes that an operator set, by group. */
  configTable: table(long),
  /** Bytes that all groups read. */
  globalAcc: long,
  /** Bytes. */
  globalColdReadThreshold: long,
  runtimeTable: table(accAndTimeStamp),
});
/** Answer of 2003 GET_COLD_DATA_FLOW_CTR_INFO. */
export type ColdDataFlowCtrInfo = BodyOf<typeof coldDataFlowCtrInfo>;

const coldDataFlowCtrInfoCodec = jsonBody('ColdDataFlowCtrInfo', coldDataFlowCtrInfo);
/** Encodes the body of the answer to GET_COLD_DATA_FLOW_CTR_INFO (2003), for which upstream has no class. */
export const encodeColdDataFlowCtrInfo = coldDataFlowCtrInfoCodec.encode;
/**
 * Decodes the body of the answer to GET_COLD_DATA_FLOW_CTR_INFO (2003), for which upstream has no class.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeColdDataFlowCtrInfo = coldDataFlowCtrInfoCodec.decode;

const checkRocksdbCqWriteResult = bean({
  /** For a person. */
  checkResult: optional(text),
  /** 0 same, 1 different, 2 in progress, 3 error. */
  checkStatus: int,
});
/** Answer of 354. */
export type CheckRocksdbCqWriteResult = BodyOf<typeof checkRocksdbCqWriteResult>;

const checkRocksdbCqWriteResultCodec = jsonBody('CheckRocksdbCqWriteResult', checkRocksdbCqWriteResult);
/**
 * Encodes the body of the answer to CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354), upstream's `CheckRocksdbCqWriteResult`.
 */
export const encodeCheckRocksdbCqWriteResult = checkRocksdbCqWriteResultCodec.encode;
/**
 * Decodes the body of the answer to CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354), upstream's `CheckRocksdbCqWriteResult`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeCheckRocksdbCqWriteResult = checkRocksdbCqWriteResultCodec.decode;

const offsetMovedEvent = bean({
  consumerGroup: text,
  messageQueue,
  /** Queue offset it was moved to. */
  offsetNew: long,
  /** Queue offset that was asked for. */
  offsetRequest: long,
});
/** Body of the messages 4.9 writes to OFFSET_MOVED_EVENT. */
export type OffsetMovedEvent = BodyOf<typeof offsetMovedEvent>;

const offsetMovedEventCodec = jsonBody('OffsetMovedEvent', offsetMovedEvent);
/** Encodes the body of a message in topic OFFSET_MOVED_EVENT, upstream's `OffsetMovedEvent`; no request has it. */
export const encodeOffsetMovedEvent = offsetMovedEventCodec.encode;
/**
 * Decodes the body of a message in topic OFFSET_MOVED_EVENT, upstream's `OffsetMovedEvent`; no request has it.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeOffsetMovedEvent = offsetMovedEventCodec.decode;

const topicQueueMappingSerializeWrapper = bean({
  dataVersion: optionalDataVersion,
  topicQueueMappingInfoMap: topicQueueMappingDetailTable,
});
/** The file `topicQueueMapping.json`. */
export type TopicQueueMappingSerializeWrapper = BodyOf<typeof topicQueueMappingSerializeWrapper>;

const topicQueueMappingSerializeWrapperCodec = jsonBody(
  'TopicQueueMappingSerializeWrapper',
  topicQueueMappingSerializeWrapper,
);
/** Encodes the text of `config/topicQueueMapping.json`, upstream's `TopicQueueMappingSerializeWrapper`. */
export const encodeTopicQueueMappingSerializeWrapper = topicQueueMappingSerializeWrapperCodec.encode;
/**
 * Decodes the text of `config/topicQueueMapping.json`, upstream's `TopicQueueMappingSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicQueueMappingSerializeWrapper = topicQueueMappingSerializeWrapperCodec.decode;
