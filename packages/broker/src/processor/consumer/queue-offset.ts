// 29 SEARCH_OFFSET_BY_TIMESTAMP, 30 GET_MAX_OFFSET, 31 GET_MIN_OFFSET, 32 GET_EARLIEST_MSG_STORETIME: where a queue
// begins and ends (upstream: AdminBrokerProcessor). An unknown queue begins and ends at 0.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  GetEarliestMsgStoretimeRequestHeader,
  GetMaxOffsetRequestHeader,
  GetMinOffsetRequestHeader,
  ResponseCode,
  SearchOffsetRequestHeader,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';

export function searchOffsetByTimestamp({ store }: BrokerParts): RequestProcessor {
  return async (request) => {
    const { topic, queueId, timestamp, boundaryType } = SearchOffsetRequestHeader.decode(request.extFields);
    return answer(
      'offset',
      await store.offsetInQueueByTime(topic, queueId, timestamp, boundaryType ?? 'LOWER'),
    );
  };
}

export function getMaxOffset({ store }: BrokerParts): RequestProcessor {
  return (request) => {
    const { topic, queueId } = GetMaxOffsetRequestHeader.decode(request.extFields);
    return answer('offset', store.maxOffsetInQueue(topic, queueId));
  };
}

export function getMinOffset({ store }: BrokerParts): RequestProcessor {
  return (request) => {
    const { topic, queueId } = GetMinOffsetRequestHeader.decode(request.extFields);
    return answer('offset', store.minOffsetInQueue(topic, queueId));
  };
}

export function getEarliestMsgStoreTime({ store }: BrokerParts): RequestProcessor {
  return async (request) => {
    const { topic, queueId } = GetEarliestMsgStoretimeRequestHeader.decode(request.extFields);
    return answer('timestamp', await store.earliestStoreTimestamp(topic, queueId));
  };
}

function answer(field: string, value: number): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, { [field]: String(value) });
}
