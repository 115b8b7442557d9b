// 321 QUERY_CONSUME_QUEUE: the entries of a queue as they are on disk.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  QueryConsumeQueueRequestHeader,
  ResponseCode,
  type SubscriptionData,
  encodeQueryConsumeQueueResponseBody,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** Entries of one answer at most. */
const MAX_ENTRIES = 4096;

export function queryConsumeQueue(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const header = QueryConsumeQueueRequestHeader.decode(request.extFields);
    const { topic = '', queueId = 0, index = 0, consumerGroup } = header;
    const { store } = parts;
    if (!store.queueIds(topic).includes(queueId)) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`);
    }
    const minQueueIndex = store.minOffsetInQueue(topic, queueId);
    const maxQueueIndex = store.maxOffsetInQueue(topic, queueId);
    const isInRange = index >= minQueueIndex && index < maxQueueIndex;
    const count = Math.max(0, Math.min(header.count ?? 0, MAX_ENTRIES));
    const entries = isInRange ? await store.consumeQueueEntries(topic, queueId, index, count) : [];
    const queueData = entries.map(({ commitLogOffset, sizeBytes, tagsCode }) => ({
      eval: false,
      physicOffset: commitLogOffset,
      physicSize: sizeBytes,
      tagsCode,
    }));
    const filter = subscriptionOf(parts, consumerGroup, topic);
    const body = encodeQueryConsumeQueueResponseBody({ maxQueueIndex, minQueueIndex, queueData, ...filter });
    const remark = isInRange ? undefined : `Index ${index} of ${queueId}@${topic} is not exist!`;
    return RemotingCommand.response(ResponseCode.SUCCESS, remark, undefined, body);
  };
}

function subscriptionOf(
  parts: BrokerParts,
  group: string | undefined,
  topic: string,
): { filterData?: string; subscriptionData?: SubscriptionData } {
  if (group === undefined) return {};
  const subscriptionData = parts.consumers.findSubscription(group, topic);
  return subscriptionData === undefined
    ? { filterData: `${group}@${topic} is not online!` }
    : { subscriptionData };
}
