// 41 LOCK_BATCH_MQ, 42 UNLOCK_BATCH_MQ: orderly consumers own their queues (upstream: AdminBrokerProcessor).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  decodeLockBatchRequestBody,
  decodeUnlockBatchRequestBody,
  encodeLockBatchResponseBody,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

export function lockBatch({ locks }: BrokerParts): RequestProcessor {
  return (request) => {
    const { consumerGroup, clientId, mqSet } = decodeLockBatchRequestBody(bodyOf(request));
    const body = encodeLockBatchResponseBody({
      lockOKMQSet: locks.tryLockBatch(consumerGroup, mqSet, clientId),
    });
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {}, body);
  };
}

export function unlockBatch({ locks }: BrokerParts): RequestProcessor {
  return (request) => {
    const { consumerGroup, clientId, mqSet } = decodeUnlockBatchRequestBody(bodyOf(request));
    locks.unlockBatch(consumerGroup, mqSet, clientId);
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
  };
}

function bodyOf(request: RemotingCommand): Buffer {
  if (request.body === undefined)
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'the request needs a body');
  return request.body;
}
