// 303 QUERY_CONSUME_TIME_SPAN: between which times a group is in each queue of a topic.
import type { RequestProcessor } from '@mq/remoting';
import {
  QueryConsumeTimeSpanRequestHeader,
  type QueueTimeSpan,
  ResponseCode,
  encodeQueryConsumeTimeSpanBody,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';
import { javaTimestamp } from './java-timestamp.js';
import { queueOf } from './queue-of.js';

export function queryConsumeTimeSpan(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const { topic, group } = QueryConsumeTimeSpanRequestHeader.decode(request.extFields);
    const config = parts.topicConfig.select(topic);
    if (config === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
    const consumeTimeSpanSet: QueueTimeSpan[] = [];
    for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
      consumeTimeSpanSet.push(await timeSpanOf(parts, group, topic, queueId));
    }
    return found(encodeQueryConsumeTimeSpanBody({ consumeTimeSpanSet }));
  };
}

/** Times are store times in ms, -1 where there is no message. */
async function timeSpanOf(
  parts: BrokerParts,
  group: string,
  topic: string,
  queueId: number,
): Promise<QueueTimeSpan> {
  const { store } = parts;
  const maxOffset = store.maxOffsetInQueue(topic, queueId);
  const consumerOffset = parts.consumerOffsets.query(group, topic, queueId);
  const storedAt = (queueOffset: number): Promise<number> =>
    store.storeTimestampOf(topic, queueId, queueOffset);
  const minTimeStamp = await store.earliestStoreTimestamp(topic, queueId);
  const maxTimeStamp = await storedAt(maxOffset - 1);
  const consumeTimeStamp = consumerOffset > 0 ? await storedAt(consumerOffset - 1) : minTimeStamp;
  const nextAt = consumerOffset < maxOffset ? await storedAt(Math.max(0, consumerOffset)) : -1;
  return {
    messageQueue: queueOf(parts, topic, queueId),
    minTimeStamp,
    minTimeStampStr: javaTimestamp(minTimeStamp),
    maxTimeStamp,
    maxTimeStampStr: javaTimestamp(maxTimeStamp),
    consumeTimeStamp,
    consumeTimeStampStr: javaTimestamp(consumeTimeStamp),
    delayTime: nextAt > 0 ? parts.clock.now() - nextAt : 0,
  };
}
