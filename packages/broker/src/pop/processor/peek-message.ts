// PEEK_MESSAGE: the messages a pop would give, left where they are (upstream: PeekMessageProcessor).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  PeekMessageRequestHeader,
  PopMessageResponseHeader,
  popRetryTopicV1,
  popRetryTopicV2,
  ResponseCode,
} from '@mq/remoting/protocol';
import type { GetMessageResult } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import { PopInitMode, popOffset } from '../pop-offsets.js';
import { checkBrokerReadable, checkTarget } from './pop-checks.js';
import type { PopSource } from './pop-pass.js';

const MAX_MESSAGES = 32;
/** One in five peeks asks the retry topic first. */
const RETRY_FIRST = 0.2;

/** Serves 200052. */
export function peekMessage(broker: BrokerParts): RequestProcessor {
  return async (request, { connection }) => {
    checkBrokerReadable(broker, 'peeking');
    const header = PeekMessageRequestHeader.decode(request.extFields);
    checkTarget(broker, header, connection.remoteAddress);
    const results: GetMessageResult[] = [];
    let messages = 0;
    let restNum = 0;
    for (const { topic, queueId } of sourcesOf(broker, header, broker.random())) {
      const queue = broker.pop.queues.of(topic, header.consumerGroup, queueId);
      const offset = popOffset(broker, queue, PopInitMode.MIN);
      restNum += Math.max(0, broker.store.maxOffsetInQueue(topic, queueId) - offset);
      const wanted = Math.min(header.maxMsgNums, MAX_MESSAGES) - messages;
      if (wanted <= 0) continue;
      const result = await read(broker, topic, queueId, offset, wanted, header.consumerGroup);
      messages += result.messageCount;
      results.push(result);
    }
    const isFound = messages > 0;
    const ext = PopMessageResponseHeader.encode({ popTime: 0, invisibleTime: 0, reviveQid: 0, restNum });
    const response = RemotingCommand.response(
      isFound ? ResponseCode.SUCCESS : ResponseCode.PULL_NOT_FOUND,
      isFound ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
      ext,
    );
    response.bodyParts = results.flatMap(({ buffers }) => [...buffers]);
    response.onReleased = () => {
      for (const result of results) result.release();
    };
    return response;
  };
}

async function read(
  { store }: BrokerParts,
  topic: string,
  queueId: number,
  offset: number,
  maxMsgNums: number,
  group: string,
): Promise<GetMessageResult> {
  const result = await store.getMessage({ group, topic, queueId, offset, maxMsgNums });
  if (result.status !== 'OFFSET_TOO_SMALL' && result.status !== 'OFFSET_OVERFLOW_BADLY') return result;
  result.release();
  return store.getMessage({ group, topic, queueId, offset: result.nextBeginOffset, maxMsgNums });
}

function sourcesOf(broker: BrokerParts, header: PeekMessageRequestHeader, dice: number): PopSource[] {
  const { topic, consumerGroup, queueId } = header;
  const { enableRetryTopicV2 } = broker.settings.broker;
  const retry = enableRetryTopicV2
    ? popRetryTopicV2(topic, consumerGroup)
    : popRetryTopicV1(topic, consumerGroup);
  const retries = queuesOf(broker, retry);
  const own = queueId < 0 ? queuesOf(broker, topic) : [{ topic, queueId }];
  return dice < RETRY_FIRST ? [...retries, ...own] : [...own, ...retries];
}

function queuesOf(broker: BrokerParts, topic: string): PopSource[] {
  const count = broker.topicConfig.select(topic)?.readQueueNums ?? 0;
  return Array.from({ length: count }, (_, queueId) => ({ topic, queueId }));
}
