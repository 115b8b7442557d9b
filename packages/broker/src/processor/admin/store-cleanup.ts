// 316 CLEAN_UNUSED_TOPIC, 306 CLEAN_EXPIRED_CONSUMEQUEUE, 329 DELETE_EXPIRED_COMMITLOG.
import type { RequestProcessor } from '@mq/remoting';
import type { BrokerParts } from '../../broker-parts.js';
import { done } from './answer.js';

/** 316: removes the queues of topics that are not configured any more. */
export function cleanUnusedTopic(parts: BrokerParts): RequestProcessor {
  return async (_request, { connection }) => {
    const removed = await parts.store.cleanUnusedTopics(new Set(parts.topicConfig.table.keys()));
    parts.logger.warn('unused topics cleaned by an operator', { address: connection.remoteAddress, removed });
    return done();
  };
}

/** 306 and 329: runs the expiry of log, queues and index now. Both come from one service here. */
export function deleteExpired(parts: BrokerParts): RequestProcessor {
  return async (_request, { connection }) => {
    const report = await parts.store.executeDeleteExpired();
    parts.logger.warn('expired files deleted by an operator', {
      address: connection.remoteAddress,
      ...report,
    });
    return done();
  };
}
