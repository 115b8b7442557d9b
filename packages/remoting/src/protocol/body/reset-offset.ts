import { bean, int, jsonBody, list, long, queueTable, table, text, type BodyOf } from './shape.js';

const resetOffsetBody = bean({ offsetTable: queueTable(long) });
/** Answer of 222 and body of 220: the offset each queue is set to. */
export type ResetOffsetBody = BodyOf<typeof resetOffsetBody>;

const resetOffsetBodyCodec = jsonBody('ResetOffsetBody', resetOffsetBody);
/**
 * Encodes the body of RESET_CONSUMER_CLIENT_OFFSET (220) and of the answer to INVOKE_BROKER_TO_RESET_OFFSET (222),
 * upstream's `ResetOffsetBody`.
 */
export const encodeResetOffsetBody = resetOffsetBodyCodec.encode;
/**
 * Decodes the body of RESET_CONSUMER_CLIENT_OFFSET (220) and of the answer to INVOKE_BROKER_TO_RESET_OFFSET (222),
 * upstream's `ResetOffsetBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeResetOffsetBody = resetOffsetBodyCodec.decode;

const messageQueueForC = bean({ brokerName: text, offset: long, queueId: int, topic: text });
/**
 * A queue and its offset in one object, for clients that cannot read maps with keys that are objects; upstream's
 * `MessageQueueForC`.
 */
export type MessageQueueForC = BodyOf<typeof messageQueueForC>;

const resetOffsetBodyForC = bean({ offsetTable: list(messageQueueForC) });
/** Body of 220 for clients whose language is CPP. */
export type ResetOffsetBodyForC = BodyOf<typeof resetOffsetBodyForC>;

const resetOffsetBodyForCCodec = jsonBody('ResetOffsetBodyForC', resetOffsetBodyForC);
/** Encodes the body of RESET_CONSUMER_CLIENT_OFFSET (220) to a C++ client, upstream's `ResetOffsetBodyForC`. */
export const encodeResetOffsetBodyForC = resetOffsetBodyForCCodec.encode;
/**
 * Decodes the body of RESET_CONSUMER_CLIENT_OFFSET (220) to a C++ client, upstream's `ResetOffsetBodyForC`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeResetOffsetBodyForC = resetOffsetBodyForCCodec.decode;

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

const getConsumerStatusBodyCodec = jsonBody('GetConsumerStatusBody', getConsumerStatusBody);
/**
 * Encodes the body of the answers to GET_CONSUMER_STATUS_FROM_CLIENT (221) and INVOKE_BROKER_TO_GET_CONSUMER_STATUS
 * (223), upstream's `GetConsumerStatusBody`.
 */
export const encodeGetConsumerStatusBody = getConsumerStatusBodyCodec.encode;
/**
 * Decodes the body of the answers to GET_CONSUMER_STATUS_FROM_CLIENT (221) and INVOKE_BROKER_TO_GET_CONSUMER_STATUS
 * (223), upstream's `GetConsumerStatusBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeGetConsumerStatusBody = getConsumerStatusBodyCodec.decode;
