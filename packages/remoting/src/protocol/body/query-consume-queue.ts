import { bean, exactLong, flag, int, jsonBody, list, long, optional, text, type BodyOf } from './shape.js';
import { subscriptionData } from './subscription-data.js';

const consumeQueueData = bean({
  bitMap: optional(text),
  eval: flag,
  extendDataJson: optional(text),
  msg: optional(text),
  physicOffset: long,
  physicSize: int,
  /** A tag's hash code, a delivery time, or the address of an extension: any 64 bits. */
  tagsCode: exactLong,
});
export type ConsumeQueueData = BodyOf<typeof consumeQueueData>;

const queryConsumeQueueResponseBody = bean({
  filterData: optional(text),
  maxQueueIndex: long,
  minQueueIndex: long,
  queueData: list(consumeQueueData),
  subscriptionData: optional(subscriptionData),
});
/** Answer of 321. */
export type QueryConsumeQueueResponseBody = BodyOf<typeof queryConsumeQueueResponseBody>;
export const { encode: encodeQueryConsumeQueueResponseBody, decode: decodeQueryConsumeQueueResponseBody } =
  jsonBody('QueryConsumeQueueResponseBody', queryConsumeQueueResponseBody);
