import { bean, int, jsonBody, list, long, queueTable, table, text, type BodyOf } from './shape.js';

const resetOffsetBody = bean({ offsetTable: queueTable(long) });
/** Answer of 222 and body of 220: the offset each queue is set to. */
export type ResetOffsetBody = BodyOf<typeof resetOffsetBody>;
export const { encode: encodeResetOffsetBody, decode: decodeResetOffsetBody } = jsonBody(
  'ResetOffsetBody',
  resetOffsetBody,
);

const messageQueueForC = bean({ brokerName: text, offset: long, queueId: int, topic: text });
export type MessageQueueForC = BodyOf<typeof messageQueueForC>;

const resetOffsetBodyForC = bean({ offsetTable: list(messageQueueForC) });
/** Body of 220 for clients whose language is CPP. */
export type ResetOffsetBodyForC = BodyOf<typeof resetOffsetBodyForC>;
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
export type GetConsumerStatusBody = BodyOf<typeof getConsumerStatusBody>;
export const { encode: encodeGetConsumerStatusBody, decode: decodeGetConsumerStatusBody } = jsonBody(
  'GetConsumerStatusBody',
  getConsumerStatusBody,
);
