import { bean, flag, jsonBody, messageQueue, setList, text, type BodyOf } from './shape.js';

const lockBatchRequestBody = bean({
  clientId: text,
  consumerGroup: text,
  mqSet: setList(messageQueue),
  /** False from 4.x: with lockInStrictMode the broker asks the other members of its group too. */
  onlyThisBroker: flag,
});
/** Body of 41 LOCK_BATCH_MQ and 42 UNLOCK_BATCH_MQ. */
export type LockBatchRequestBody = BodyOf<typeof lockBatchRequestBody>;
export const { encode: encodeLockBatchRequestBody, decode: decodeLockBatchRequestBody } = jsonBody(
  'LockBatchRequestBody',
  lockBatchRequestBody,
);

export type UnlockBatchRequestBody = LockBatchRequestBody;
export const { encode: encodeUnlockBatchRequestBody, decode: decodeUnlockBatchRequestBody } = jsonBody(
  'UnlockBatchRequestBody',
  lockBatchRequestBody,
);

const lockBatchResponseBody = bean({ lockOKMQSet: setList(messageQueue) });
/** The queues that are now, or were already, locked by the client. */
export type LockBatchResponseBody = BodyOf<typeof lockBatchResponseBody>;
export const { encode: encodeLockBatchResponseBody, decode: decodeLockBatchResponseBody } = jsonBody(
  'LockBatchResponseBody',
  lockBatchResponseBody,
);
