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

const lockBatchRequestBodyCodec = jsonBody('LockBatchRequestBody', lockBatchRequestBody);
/** Encodes the body of LOCK_BATCH_MQ (41), upstream's `LockBatchRequestBody`. */
export const encodeLockBatchRequestBody = lockBatchRequestBodyCodec.encode;
/**
 * Decodes the body of LOCK_BATCH_MQ (41), upstream's `LockBatchRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeLockBatchRequestBody = lockBatchRequestBodyCodec.decode;

/** Body of UNLOCK_BATCH_MQ (42), the same members as that of LOCK_BATCH_MQ; upstream's `UnlockBatchRequestBody`. */
export type UnlockBatchRequestBody = LockBatchRequestBody;

const unlockBatchRequestBodyCodec = jsonBody('UnlockBatchRequestBody', lockBatchRequestBody);
/** Encodes the body of UNLOCK_BATCH_MQ (42), upstream's `UnlockBatchRequestBody`. */
export const encodeUnlockBatchRequestBody = unlockBatchRequestBodyCodec.encode;
/**
 * Decodes the body of UNLOCK_BATCH_MQ (42), upstream's `UnlockBatchRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeUnlockBatchRequestBody = unlockBatchRequestBodyCodec.decode;

const lockBatchResponseBody = bean({ lockOKMQSet: setList(messageQueue) });
/** The queues that are now, or were already, locked by the client. */
export type LockBatchResponseBody = BodyOf<typeof lockBatchResponseBody>;

const lockBatchResponseBodyCodec = jsonBody('LockBatchResponseBody', lockBatchResponseBody);
/** Encodes the body of the answer to LOCK_BATCH_MQ (41), upstream's `LockBatchResponseBody`. */
export const encodeLockBatchResponseBody = lockBatchResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to LOCK_BATCH_MQ (41), upstream's `LockBatchResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeLockBatchResponseBody = lockBatchResponseBodyCodec.decode;
