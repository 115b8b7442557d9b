import { bean, exactLong, flag, int, jsonBody, list, long, optional, text, type BodyOf } from './shape.js';
import { subscriptionData } from './subscription-data.js';

const consumeQueueData = bean({
  /** Bits of its extended entry, as text; absent without any. */
  bitMap: optional(text),
  eval: flag,
  extendDataJson: optional(text),
  /** Why its extended entry cannot be shown; absent otherwise. */
  msg: optional(text),
  /** Log offset of the record, bytes. */
  physicOffset: long,
  /** Length of the record, bytes. */
  physicSize: int,
  /** A tag's hash code, a delivery time, or the address of an extension: any 64 bits. */
  tagsCode: exactLong,
});
/** One entry of a consume queue, and what the group's filter says to it (`eval`); upstream's `ConsumeQueueData`. */
export type ConsumeQueueData = BodyOf<typeof consumeQueueData>;

const queryConsumeQueueResponseBody = bean({
  filterData: optional(text),
  /** Queue offset the next entry will have. */
  maxQueueIndex: long,
  /** Queue offset of the first entry. */
  minQueueIndex: long,
  queueData: list(consumeQueueData),
  subscriptionData: optional(subscriptionData),
});
/** Answer of 321. */
export type QueryConsumeQueueResponseBody = BodyOf<typeof queryConsumeQueueResponseBody>;

const queryConsumeQueueResponseBodyCodec = jsonBody(
  'QueryConsumeQueueResponseBody',
  queryConsumeQueueResponseBody,
);
/** Encodes the body of the answer to QUERY_CONSUME_QUEUE (321), upstream's `QueryConsumeQueueResponseBody`. */
export const encodeQueryConsumeQueueResponseBody = queryConsumeQueueResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to QUERY_CONSUME_QUEUE (321), upstream's `QueryConsumeQueueResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQueryConsumeQueueResponseBody = queryConsumeQueueResponseBodyCodec.decode;
