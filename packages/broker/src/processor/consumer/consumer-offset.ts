// 14 QUERY_CONSUMER_OFFSET and 15 UPDATE_CONSUMER_OFFSET (upstream: ConsumerManageProcessor).
import { totalmem } from 'node:os';

import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  decodeUpdateConsumerOffsetHeader,
  QueryConsumerOffsetRequestHeader,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

export function queryConsumerOffset(broker: BrokerParts): RequestProcessor {
  return (request) => {
    const header = QueryConsumerOffsetRequestHeader.decode(request.extFields);
    const { consumerGroup, topic, queueId } = header;
    const offset = broker.consumerOffsets.query(consumerGroup, topic, queueId);
    if (offset >= 0) return offsetResponse(offset);
    if (header.setZeroIfNotFound === false) {
      throw notFound('Not found, do not set to zero, maybe this group boot first');
    }
    if (!isReadFromStart(broker, topic, queueId)) {
      throw notFound('Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first');
    }
    return offsetResponse(0);
  };
}

/**
 * A new group starts at 0 in a queue that still has its first message and is not too long to be read from there; the
 * code 22 makes the client apply its consumeFromWhere. Upstream asks whether offset 0 is still in memory.
 */
export function isReadFromStart(
  { store, settings, topicConfig }: Pick<BrokerParts, 'store' | 'settings' | 'topicConfig'>,
  topic: string,
  queueId: number,
): boolean {
  if (topicConfig.select(topic) === undefined) return false;
  if (store.minOffsetInQueue(topic, queueId) > 0) return false;
  const logBytes = store.maxPhyOffset - store.minPhyOffset;
  return logBytes <= memoryBytes(settings.store.accessMessageInMemoryMaxRatio);
}

function memoryBytes(percent: number): number {
  return (totalmem() * percent) / 100;
}

/** Usually oneway and frequent: commits without making anything but the decoded header. */
export function updateConsumerOffset(broker: BrokerParts): RequestProcessor {
  return (request, { connection }) => {
    const { consumerGroup, topic, queueId, commitOffset } = decodeUpdateConsumerOffsetHeader(request);
    if (!broker.subscriptionGroups.has(consumerGroup)) {
      throw new RequestRefused(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group not exist, ${consumerGroup}`,
      );
    }
    if (broker.topicConfig.select(topic) === undefined) {
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic not exist, ${topic}`);
    }
    if (queueId < 0)
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `queueId[${queueId}] is illegal`);
    if (commitOffset < 0)
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `commitOffset[${commitOffset}] is illegal`);
    if (
      broker.settings.broker.useServerSideResetOffset &&
      broker.consumerOffsets.hasOffsetReset(topic, consumerGroup, queueId)
    ) {
      return RemotingCommand.response(ResponseCode.SUCCESS, 'Offset has been previously reset', {});
    }
    broker.consumerOffsets.commit(connection.remoteAddress, consumerGroup, topic, queueId, commitOffset);
    return request.isOneway ? undefined : RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
  };
}

function offsetResponse(offset: number): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, { offset: String(offset) });
}

function notFound(remark: string): RequestRefused {
  return new RequestRefused(ResponseCode.QUERY_NOT_FOUND, remark);
}
