import { bean, int, jsonBody, list, long, queueTable, table, text, type BodyOf } from './shape.js';

const resetOffsetBody = bean({ offsetTable: queueTable(long) });
/** Answer of 222 and body of 220: the offset each queue is set to. */
export type ResetOffsetBody = BodyOf<typeof resetOffsetBody>;
/**
 * Body of RESET_CONSUMER_CLIENT_OFFSET (220) and of the answer to INVOKE_BROKER_TO_RESET_OFFSET (222): upstream's
 * `ResetOffsetBody`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeResetOffsetBody, decode: decodeResetOffsetBody } = jsonBody(
  'ResetOffsetBody',
  resetOffsetBody,
);

const messageQueueForC = bean({ brokerName: text, offset: long, queueId: int, topic: text });
/**
 * A queue and its offset in one object, for clients that cannot read maps with keys that are objects; upstream's
 * `MessageQueueForC`.
 */
export type MessageQueueForC = BodyOf<typeof messageQueueForC>;

const resetOffsetBodyForC = bean({ offsetTable: list(messageQueueForC) });
/** Body of 220 for clients whose language is CPP. */
export type ResetOffsetBodyForC = BodyOf<typeof resetOffsetBodyForC>;
/**
 * Body of RESET_CONSUMER_CLIENT_OFFSET (220) to a C++ client: upstream's `ResetOffsetBodyForC`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeResetOffsetBodyForC, decode: decodeResetOffsetBodyForC } = jsonBody(
  'ResetOffsetBodyForC',
  resetOffsetBodyForC,
);

const getConsumerStatusBody = bean({
  /** Offsets by client id: the broker's answer to 223. */
  consumerTable: table(queueTable(long)),
  /** The client's own: its answer to 221. */
  messageQueueTable: queueTable(long),
});
/**
 * Answer of 221 and 223: the offsets of a group's clients, one of the two tables filled; upstream's
 * `GetConsumerStatusBody`.
 */
export type GetConsumerStatusBody = BodyOf<typeof getConsumerStatusBody>;
/**
 * Body of the answers to GET_CONSUMER_STATUS_FROM_CLIENT (221) and INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223):
 * upstream's `GetConsumerStatusBody`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeGetConsumerStatusBody, decode: decodeGetConsumerStatusBody } = jsonBody(
  'GetConsumerStatusBody',
  getConsumerStatusBody,
);
