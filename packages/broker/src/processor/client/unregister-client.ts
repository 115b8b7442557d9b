// 35 UNREGISTER_CLIENT: a client stops one of its groups (upstream: ClientManageProcessor#unregisterClient).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { ResponseCode, UnregisterClientRequestHeader } from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';

export function unregisterClient(broker: BrokerParts): RequestProcessor {
  return (request, { connection }) => {
    const { producerGroup, consumerGroup } = UnregisterClientRequestHeader.decode(request.extFields);
    if (producerGroup !== undefined) broker.producers.unregisterProducer(producerGroup, connection);
    if (consumerGroup !== undefined) {
      // Asked of the table, not `find`: leaving must not create the group.
      const config = broker.subscriptionGroups.table.get(consumerGroup);
      const isNotified = config?.notifyConsumerIdsChangedEnable ?? true;
      broker.consumers.unregister(consumerGroup, connection, isNotified);
    }
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
  };
}
