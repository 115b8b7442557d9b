// CHANGE_MESSAGE_INVISIBLETIME: a consumer needs longer, or wants a message again at another time (upstream:
// ChangeInvisibleTimeProcessor): a checkpoint for the one message, then its acknowledgement in the old one.
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import {
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  parsePopHandle,
  POP_ORDER_REVIVE_QUEUE,
  type PopHandle,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { CheckPoint, checkPointKey } from '../check-point.js';
import { checkPopped } from './pop-checks.js';

/** Serves 200053. */
export function changeInvisibleTime(broker: BrokerParts): RequestProcessor {
  return (request, context) => {
    const header = ChangeInvisibleTimeRequestHeader.decode(request.extFields);
    checkPopped(broker, header, context.connection.remoteAddress, 0);
    const handle = parsePopHandle(header.extraInfo);
    if (handle.reviveQueueId === POP_ORDER_REVIVE_QUEUE) return changeInOrder(broker, header, handle);
    change(broker, context, header, handle);
    return undefined;
  };
}

function change(
  broker: BrokerParts,
  context: RequestContext,
  header: ChangeInvisibleTimeRequestHeader,
  handle: PopHandle,
): void {
  const { topic, consumerGroup, queueId, offset, invisibleTime } = header;
  const { pop, clock } = broker;
  const queue = pop.queues.of(topic, consumerGroup, queueId);
  const name = { ...handle, startOffset: handle.checkpointOffset };
  const old = pop.checkPoints.find(queue, name);
  const now = clock.now();
  // Upstream makes a checkpoint whatever became of the message: it then exists twice, and again with each try.
  const isTwice = queue.checkPoints.has(checkPointKey(offset, now));
  const isOver = old === undefined ? pop.checkPoints.isGone(handle) : old.isAckedAt(offset);
  if (isTwice || isOver) {
    const remark = `the message is no longer this consumer's, key:${topic}@${queueId}, offset:${offset}`;
    throw new RequestRefused(ResponseCode.NO_MESSAGE, remark);
  }
  const { reviveQueueId, brokerName } = handle;
  const next = new CheckPoint(queue, offset, now, invisibleTime, reviveQueueId, [offset], brokerName);
  queue.inFlight++;
  pop.checkPoints.openAgain(next, (isSafe) => {
    if (!isSafe) {
      queue.acknowledged(1);
      context.respond(
        RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'the new time could not be stored', {}),
      );
      return;
    }
    const ext = ChangeInvisibleTimeResponseHeader.encode({
      popTime: now,
      invisibleTime,
      reviveQid: reviveQueueId,
    });
    const answer = RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
    pop.checkPoints.ack(queue, name, [offset], { onAcked: () => context.respond(answer) });
  });
}

/** Popped in order: the queue stays its consumer's until then. */
function changeInOrder(
  broker: BrokerParts,
  header: ChangeInvisibleTimeRequestHeader,
  { popTime, reviveQueueId }: PopHandle,
): RemotingCommand {
  const { topic, consumerGroup, queueId, offset, invisibleTime } = header;
  const nextVisibleTime = broker.clock.now() + invisibleTime;
  if (offset >= broker.consumerOffsets.query(consumerGroup, topic, queueId)) {
    const { orderInfo } = broker.pop;
    orderInfo.updateNextVisibleTime(topic, consumerGroup, queueId, offset, popTime, nextVisibleTime);
  }
  const ext = ChangeInvisibleTimeResponseHeader.encode({
    popTime,
    invisibleTime: nextVisibleTime - popTime,
    reviveQid: reviveQueueId,
  });
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
}
