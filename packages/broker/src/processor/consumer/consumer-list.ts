// 38 GET_CONSUMER_LIST_BY_GROUP: the client ids a consumer divides the queues among (upstream: ConsumerManageProcessor).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { GetConsumerListByGroupRequestHeader, ResponseCode, stringifyFastjson } from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

export function getConsumerListByGroup(broker: BrokerParts): RequestProcessor {
  return (request) => {
    const { consumerGroup } = GetConsumerListByGroupRequestHeader.decode(request.extFields);
    const consumerIdList = broker.consumers.groupInfo(consumerGroup)?.clientIds() ?? [];
    if (consumerIdList.length === 0) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${consumerGroup}`);
    }
    const body = Buffer.from(stringifyFastjson({ consumerIdList }));
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {}, body);
  };
}
