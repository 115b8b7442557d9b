import { optionalDataVersion } from './data-version.js';
import {
  bean,
  exactLong,
  intTable,
  jsonBody,
  long,
  optional,
  setList,
  table,
  text,
  type BodyOf,
} from './shape.js';

const consumerOffsetSerializeWrapper = bean({
  dataVersion: optionalDataVersion,
  /** Written by 5.x brokers beside the offsets; not read back. */
  groupTopicMap: optional(table(setList(text))),
  /** Offsets by queue id, by `topic@group`. */
  offsetTable: table(intTable(long)),
});
/** Answer of 43, and the file `consumerOffset.json`. */
export type ConsumerOffsetSerializeWrapper = BodyOf<typeof consumerOffsetSerializeWrapper>;
/**
 * Body of the answer to GET_ALL_CONSUMER_OFFSET (43): upstream's `ConsumerOffsetSerializeWrapper`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeConsumerOffsetSerializeWrapper, decode: decodeConsumerOffsetSerializeWrapper } =
  jsonBody('ConsumerOffsetSerializeWrapper', consumerOffsetSerializeWrapper);

const delayOffsetSerializeWrapper = bean({ dataVersion: optionalDataVersion, offsetTable: intTable(long) });
/** Answer of 45, and the file `delayOffset.json`: queue offsets by delay level. */
export type DelayOffsetSerializeWrapper = BodyOf<typeof delayOffsetSerializeWrapper>;
/**
 * Body of the answer to GET_ALL_DELAY_OFFSET (45): upstream's `DelayOffsetSerializeWrapper`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeDelayOffsetSerializeWrapper, decode: decodeDelayOffsetSerializeWrapper } =
  jsonBody('DelayOffsetSerializeWrapper', delayOffsetSerializeWrapper);

const queryCorrectionOffsetBody = bean({ correctionOffsets: intTable(exactLong) });
/** Answer of 308: offsets by queue id. `Long.MAX_VALUE` occurs and is a `bigint`. */
export type QueryCorrectionOffsetBody = BodyOf<typeof queryCorrectionOffsetBody>;
/**
 * Body of the answer to QUERY_CORRECTION_OFFSET (308): upstream's `QueryCorrectionOffsetBody`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeQueryCorrectionOffsetBody, decode: decodeQueryCorrectionOffsetBody } = jsonBody(
  'QueryCorrectionOffsetBody',
  queryCorrectionOffsetBody,
);
