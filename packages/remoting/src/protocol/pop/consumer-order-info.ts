// config/consumerOrderInfo.json: which messages of a queue a group has popped in order and not acknowledged yet (upstream:
// ConsumerOrderInfoManager).
import {
  bean,
  int,
  intTable,
  jsonBody,
  list,
  long,
  optional,
  table,
  text,
  wire,
  type BodyOf,
} from '../body/shape.js';

const orderInfo = bean({
  attemptId: wire('a', optional(text)),
  /** Bit i: message i is acknowledged. Java's long: up to 64 messages. */
  commitOffsetBit: wire('cm', long),
  invisibleTime: wire('i', optional(long)),
  /** Wall clock, ms. */
  lastConsumeTimestamp: wire('l', long),
  /** The first queue offset, then the differences of the others to it. */
  offsetList: wire('o', list(long)),
  /** Queue offset → times it was delivered before. */
  offsetConsumedCount: wire('oc', optional(intTable(int))),
  /** Queue offset → wall clock ms at which it is visible again, where a consumer asked for that. */
  offsetNextVisibleTime: wire('ot', optional(intTable(long))),
  popTime: long,
});
/** State of one queue for one group; upstream's `ConsumerOrderInfoManager.OrderInfo`. */
export type ConsumerOrderInfo = BodyOf<typeof orderInfo>;

const consumerOrderInfoWrapper = bean({ table: table(intTable(orderInfo)) });
/** `topic@group` → queueId → state. */
export type ConsumerOrderInfoWrapper = BodyOf<typeof consumerOrderInfoWrapper>;

const consumerOrderInfoCodec = jsonBody('ConsumerOrderInfoManager', consumerOrderInfoWrapper);
/** Encodes the text of `config/consumerOrderInfo.json`, upstream's `ConsumerOrderInfoManager`. */
export const encodeConsumerOrderInfo = consumerOrderInfoCodec.encode;
/**
 * Decodes the text of `config/consumerOrderInfo.json`, upstream's `ConsumerOrderInfoManager`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumerOrderInfo = consumerOrderInfoCodec.decode;
