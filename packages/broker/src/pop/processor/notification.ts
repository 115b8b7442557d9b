// NOTIFICATION: tells a consumer that there is something to pop, as soon as there is (upstream: NotificationProcessor).
// POLLING_INFO: how many pops wait (upstream: PollingInfoProcessor).
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import {
  NotificationRequestHeader,
  NotificationResponseHeader,
  PollingInfoRequestHeader,
  PollingInfoResponseHeader,
  popRetryTopicV1,
  popRetryTopicV2,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { responseToError } from '../../request-table.js';
import { RequestRefused } from '../../request-refused.js';
import { PopInitMode, popOffset } from '../pop-offsets.js';
import { checkBrokerReadable, checkTarget } from './pop-checks.js';

/** A request so much older than its time is refused unserved. */
const TOO_LATE_MS = 500;

/** Serves 200055. */
export function pollingInfo(broker: BrokerParts): RequestProcessor {
  return (request, { connection }) => {
    checkBrokerReadable(broker, 'peeking');
    const header = PollingInfoRequestHeader.decode(request.extFields);
    checkTarget(broker, header, connection.remoteAddress);
    const pollingNum = broker.pop.polling.count(header.topic, header.consumerGroup, header.queueId);
    return RemotingCommand.response(
      ResponseCode.SUCCESS,
      undefined,
      PollingInfoResponseHeader.encode({ pollingNum }),
    );
  };
}

/** Serves 200054. */
export function notification(broker: BrokerParts): RequestProcessor {
  return (request, context) => {
    const ext = request.extFields;
    if (ext['bornTime'] === undefined || ext['bornTime'] === '0')
      ext['bornTime'] = String(broker.clock.now());
    const header = NotificationRequestHeader.decode(ext);
    if (broker.clock.now() - header.bornTime - header.pollTime > TOO_LATE_MS) {
      const remark = `the broker[${broker.identity.brokerAddr}] pop message is timeout too much`;
      throw new RequestRefused(ResponseCode.POLLING_TIMEOUT, remark);
    }
    checkBrokerReadable(broker, 'peeking');
    checkTarget(broker, header, context.connection.remoteAddress);
    if (hasMessage(broker, header)) return answer(true);
    request.forgetBytes();
    return hold(broker, request, context, header);
  };
}

/** Undefined when the request now waits. */
function hold(
  broker: BrokerParts,
  request: RemotingCommand,
  context: RequestContext,
  header: NotificationRequestHeader,
): RemotingCommand | undefined {
  const dueAtMs = header.bornTime + header.pollTime;
  if (header.pollTime <= 0 || dueAtMs <= broker.clock.now()) return answer(false);
  const { topic, consumerGroup: group, queueId } = header;
  const { connection } = context;
  const wake = (): void => {
    try {
      const again = hasMessage(broker, header) ? answer(true) : hold(broker, request, context, header);
      if (again !== undefined) context.respond(again);
    } catch (error) {
      context.respond(responseToError(error, request, broker.logger));
    }
  };
  const waits = broker.pop.notifications.hold(
    { connection, topic, group, queueId, matches: () => true, wake },
    dueAtMs,
  );
  return waits ? undefined : answer(false, true);
}

function answer(hasMsg: boolean, pollingFull?: boolean): RemotingCommand {
  const ext = NotificationResponseHeader.encode({ hasMsg, pollingFull });
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
}

function hasMessage(broker: BrokerParts, header: NotificationRequestHeader): boolean {
  const { topic, consumerGroup, queueId } = header;
  if (
    queueId >= 0
      ? hasMessageInQueue(broker, header, topic, queueId)
      : hasMessageInTopic(broker, header, topic)
  ) {
    return true;
  }
  const { enableRetryTopicV2, retrieveMessageFromPopRetryTopicV1 } = broker.settings.broker;
  if (enableRetryTopicV2 && hasMessageInTopic(broker, header, popRetryTopicV2(topic, consumerGroup)))
    return true;
  const readsV1 = !enableRetryTopicV2 || retrieveMessageFromPopRetryTopicV1;
  return readsV1 && hasMessageInTopic(broker, header, popRetryTopicV1(topic, consumerGroup));
}

function hasMessageInTopic(broker: BrokerParts, header: NotificationRequestHeader, topic: string): boolean {
  const queues = broker.topicConfig.select(topic)?.readQueueNums ?? 0;
  for (let queueId = 0; queueId < queues; queueId++) {
    if (hasMessageInQueue(broker, header, topic, queueId)) return true;
  }
  return false;
}

function hasMessageInQueue(
  broker: BrokerParts,
  { consumerGroup, order, attemptId, topic: askedFor }: NotificationRequestHeader,
  topic: string,
  queueId: number,
): boolean {
  const { pop, store } = broker;
  if (order === true && pop.orderInfo.isBlocked(attemptId, askedFor, consumerGroup, queueId, 0)) return false;
  const offset = popOffset(broker, pop.queues.of(topic, consumerGroup, queueId), PopInitMode.MIN);
  return store.maxOffsetInQueue(topic, queueId) > offset;
}
