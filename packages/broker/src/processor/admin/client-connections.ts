// 203 GET_CONSUMER_CONNECTION_LIST, 204 GET_PRODUCER_CONNECTION_LIST, 328 GET_ALL_PRODUCER_INFO.
import type { RequestProcessor } from '@mq/remoting';
import {
  type ClientConnection,
  GetConsumerConnectionListRequestHeader,
  GetProducerConnectionListRequestHeader,
  type ProducerInfo,
  ResponseCode,
  encodeConsumerConnection,
  encodeProducerConnection,
  encodeProducerTableInfo,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import type { ClientChannelInfo } from '../../client/client-channel-info.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';

/** 203: the members of a consumer group and its subscriptions. */
export function getConsumerConnectionList(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { consumerGroup } = GetConsumerConnectionListRequestHeader.decode(request.extFields);
    const info = parts.consumers.groupInfo(consumerGroup);
    if (info === undefined) {
      throw new RequestRefused(
        ResponseCode.CONSUMER_NOT_ONLINE,
        `the consumer group[${consumerGroup}] not online`,
      );
    }
    const { consumeFromWhere, consumeType, messageModel } = info;
    const connectionSet = Array.from(info.channels.values(), connectionOf);
    const subscriptionTable = Object.fromEntries(info.subscriptions);
    return found(
      encodeConsumerConnection({
        connectionSet,
        consumeFromWhere,
        consumeType,
        messageModel,
        subscriptionTable,
      }),
    );
  };
}

/** 204: the members of a producer group. */
export function getProducerConnectionList(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { producerGroup } = GetProducerConnectionListRequestHeader.decode(request.extFields);
    const channels = parts.producers.groupTable.get(producerGroup);
    if (channels === undefined) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`);
    }
    return found(encodeProducerConnection({ connectionSet: Array.from(channels.values(), connectionOf) }));
  };
}

/** 328: every producer. */
export function getAllProducerInfo(parts: BrokerParts): RequestProcessor {
  return () => {
    const data = Array.from(parts.producers.groupTable, ([group, channels]): [string, ProducerInfo[]] => [
      group,
      Array.from(channels.values(), producerInfoOf),
    ]);
    return found(encodeProducerTableInfo({ data: Object.fromEntries(data) }));
  };
}

function connectionOf({ clientId, language, version, connection }: ClientChannelInfo): ClientConnection {
  return { clientAddr: connection.remoteAddress, clientId, language, version };
}

/** remoteIP is Java's SocketAddress as text: a slash, then address and port. */
function producerInfoOf({
  clientId,
  language,
  version,
  lastUpdateTimestamp,
  connection,
}: ClientChannelInfo): ProducerInfo {
  return { clientId, language, lastUpdateTimestamp, remoteIP: `/${connection.remoteAddress}`, version };
}
