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
/** Body of LOCK_BATCH_MQ (41): upstream's `LockBatchRequestBody`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeLockBatchRequestBody, decode: decodeLockBatchRequestBody } = jsonBody(
  'LockBatchRequestBody',
  lockBatchRequestBody,
);

/** Body of UNLOCK_BATCH_MQ (42), the same members as that of LOCK_BATCH_MQ; upstream's `UnlockBatchRequestBody`. */
export type UnlockBatchRequestBody = LockBatchRequestBody;
/** Body of UNLOCK_BATCH_MQ (42): upstream's `UnlockBatchRequestBody`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeUnlockBatchRequestBody, decode: decodeUnlockBatchRequestBody } = jsonBody(
  'UnlockBatchRequestBody',
  lockBatchRequestBody,
);

const lockBatchResponseBody = bean({ lockOKMQSet: setList(messageQueue) });
/** The queues that are now, or were already, locked by the client. */
export type LockBatchResponseBody = BodyOf<typeof lockBatchResponseBody>;
/**
 * Body of the answer to LOCK_BATCH_MQ (41): upstream's `LockBatchResponseBody`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeLockBatchResponseBody, decode: decodeLockBatchResponseBody } = jsonBody(
  'LockBatchResponseBody',
  lockBatchResponseBody,
);
