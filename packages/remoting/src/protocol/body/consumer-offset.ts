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

const consumerOffsetSerializeWrapperCodec = jsonBody(
  'ConsumerOffsetSerializeWrapper',
  consumerOffsetSerializeWrapper,
);
/**
 * Encodes the body of the answer to GET_ALL_CONSUMER_OFFSET (43) and `config/consumerOffset.json`, upstream's
 * `ConsumerOffsetSerializeWrapper`.
 */
export const encodeConsumerOffsetSerializeWrapper = consumerOffsetSerializeWrapperCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_CONSUMER_OFFSET (43) and `config/consumerOffset.json`, upstream's
 * `ConsumerOffsetSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumerOffsetSerializeWrapper = consumerOffsetSerializeWrapperCodec.decode;

const delayOffsetSerializeWrapper = bean({ dataVersion: optionalDataVersion, offsetTable: intTable(long) });
/** Answer of 45, and the file `delayOffset.json`: queue offsets by delay level. */
export type DelayOffsetSerializeWrapper = BodyOf<typeof delayOffsetSerializeWrapper>;

const delayOffsetSerializeWrapperCodec = jsonBody('DelayOffsetSerializeWrapper', delayOffsetSerializeWrapper);
/**
 * Encodes the body of the answer to GET_ALL_DELAY_OFFSET (45) and `config/delayOffset.json`, upstream's
 * `DelayOffsetSerializeWrapper`.
 */
export const encodeDelayOffsetSerializeWrapper = delayOffsetSerializeWrapperCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_DELAY_OFFSET (45) and `config/delayOffset.json`, upstream's
 * `DelayOffsetSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDelayOffsetSerializeWrapper = delayOffsetSerializeWrapperCodec.decode;

const queryCorrectionOffsetBody = bean({ correctionOffsets: intTable(exactLong) });
/** Answer of 308: offsets by queue id. `Long.MAX_VALUE` occurs and is a `bigint`. */
export type QueryCorrectionOffsetBody = BodyOf<typeof queryCorrectionOffsetBody>;

const queryCorrectionOffsetBodyCodec = jsonBody('QueryCorrectionOffsetBody', queryCorrectionOffsetBody);
/** Encodes the body of the answer to QUERY_CORRECTION_OFFSET (308), upstream's `QueryCorrectionOffsetBody`. */
export const encodeQueryCorrectionOffsetBody = queryCorrectionOffsetBodyCodec.encode;
/**
 * Decodes the body of the answer to QUERY_CORRECTION_OFFSET (308), upstream's `QueryCorrectionOffsetBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQueryCorrectionOffsetBody = queryCorrectionOffsetBodyCodec.decode;
