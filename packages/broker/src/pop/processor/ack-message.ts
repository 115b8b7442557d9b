// ACK_MESSAGE and BATCH_ACK_MESSAGE (upstream: AckMessageProcessor). Answered when the acknowledgement is in the log, or in
// memory where enablePopBufferMerge says so.
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import {
  AckMessageRequestHeader,
  type BatchAck,
  decodeBatchAckMessageRequestBody,
  isPopRetryFlag,
  parsePopHandle,
  POP_ORDER_REVIVE_QUEUE,
  popStoredTopic,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import type { AckWaiter } from '../check-points.js';
import { ackInOrder } from './ack-in-order.js';
import { checkPopped } from './pop-checks.js';

/** Bytes of a bit set that can name messages of a pop: far more than 32 where a filter leaves most of them out. */
const MAX_BIT_SET_BYTES = 64 * 1024;

/** Serves 200051. */
export function ackMessage(broker: BrokerParts): RequestProcessor {
  return (request, context) => {
    const header = AckMessageRequestHeader.decode(request.extFields);
    const { topic, consumerGroup, queueId, offset } = header;
    checkPopped(broker, header, context.connection.remoteAddress, 1);
    const handle = parsePopHandle(header.extraInfo);
    if (handle.reviveQueueId === POP_ORDER_REVIVE_QUEUE) {
      const { popTime, invisibleTime } = handle;
      ackInOrder(broker, context, { topic, group: consumerGroup, queueId, offset, popTime, invisibleTime });
      return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
    }
    countAcks(broker, consumerGroup, topic, 1);
    const { pop } = broker;
    const name = { ...handle, startOffset: handle.checkpointOffset };
    pop.checkPoints.ack(
      pop.queues.of(topic, consumerGroup, queueId),
      name,
      [offset],
      new AckAnswer(context, 1),
    );
    return undefined;
  };
}

/** Serves 200151. */
export function batchAckMessage(broker: BrokerParts): RequestProcessor {
  return (request, context) => {
    const body = request.body === undefined ? undefined : decodeBatchAckMessageRequestBody(request.body);
    if (body === undefined || body.acks.length === 0) {
      throw new RequestRefused(ResponseCode.NO_MESSAGE, 'there is nothing to acknowledge');
    }
    const answer = new AckAnswer(context, body.acks.length);
    for (const ack of body.acks) ackBatch(broker, context, ack, body.brokerName, answer);
    return undefined;
  };
}

function ackBatch(
  broker: BrokerParts,
  context: RequestContext,
  ack: BatchAck,
  brokerName: string,
  answer: AckAnswer,
): void {
  const { consumerGroup: group, queueId, startOffset, popTime, invisibleTime, reviveQueueId } = ack;
  const topic = isPopRetryFlag(ack.retry) ? popStoredTopic(ack.topic, group, ack.retry) : undefined;
  const readQueueNums = topic === undefined ? 0 : (broker.topicConfig.select(topic)?.readQueueNums ?? 0);
  if (topic === undefined || queueId < 0 || queueId >= readQueueNums) {
    // As upstream, one that makes no sense does not keep the others from counting.
    broker.logger.warn('a batch acknowledgement names no queue', { group, topic: ack.topic, queueId });
    answer.onAcked();
    return;
  }
  const min = broker.store.minOffsetInQueue(topic, queueId);
  const max = broker.store.maxOffsetInQueue(topic, queueId);
  const offsets = offsetsOf(ack).filter((offset) => offset >= min && offset <= max);
  if (reviveQueueId === POP_ORDER_REVIVE_QUEUE) {
    for (const offset of offsets)
      ackInOrder(broker, context, { topic, group, queueId, offset, popTime, invisibleTime });
    answer.onAcked();
    return;
  }
  if (offsets.length === 0) {
    answer.onAcked();
    return;
  }
  countAcks(broker, group, topic, offsets.length);
  const { pop } = broker;
  const name = { startOffset, popTime, invisibleTime, reviveQueueId, brokerName };
  pop.checkPoints.ack(pop.queues.of(topic, group, queueId), name, offsets, answer);
}

/** Bit i of the little-endian set names `startOffset + i`. */
function offsetsOf({ startOffset, bitSet }: BatchAck): number[] {
  const offsets: number[] = [];
  for (const [at, byte] of bitSet.subarray(0, MAX_BIT_SET_BYTES).entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) offsets.push(startOffset + at * 8 + bit);
  }
  return offsets;
}

function countAcks(broker: BrokerParts, group: string, topic: string, count: number): void {
  broker.stats.topic(topic).group(group).rare('GROUP_ACK_NUMS').add(count);
}

/** Answers a request once all of its acknowledgements are dealt with. */
class AckAnswer implements AckWaiter {
  constructor(
    private readonly context: RequestContext,
    private open: number,
  ) {}

  onAcked(): void {
    if (--this.open === 0)
      this.context.respond(RemotingCommand.response(ResponseCode.SUCCESS, undefined, {}));
  }
}
