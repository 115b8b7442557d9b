// What brokers send: registration, heartbeat, unregistration; and what operators ask and change about brokers.
import { RemotingCommand } from '@mq/remoting';
import { bodyCrc } from '@mq/remoting/message';
import {
  AddWritePermOfBrokerRequestHeader,
  AddWritePermOfBrokerResponseHeader,
  BrokerHeartbeatRequestHeader,
  GetBrokerMemberGroupRequestHeader,
  MixAll,
  QueryDataVersionRequestHeader,
  QueryDataVersionResponseHeader,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
  ResponseCode,
  UnRegisterBrokerRequestHeader,
  WipeWritePermOfBrokerRequestHeader,
  WipeWritePermOfBrokerResponseHeader,
  dataVersionEquals,
  decodeDataVersion,
  decodeRegisterBrokerBody,
  encodeGetBrokerMemberGroupResponseBody,
  encodeClusterInfo,
  encodeDataVersion,
  encodeKVTable,
} from '@mq/remoting/protocol';
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kv-config/kv-config-manager.js';
import type { NamesrvProcessor } from './namesrv-processor.js';

export const registerBroker: NamesrvProcessor = (parts, request, { connection }) => {
  const header = RegisterBrokerRequestHeader.decode(request.extFields);
  const { body } = request;
  if (body !== undefined && header.bodyCrc32 && bodyCrc(body) !== header.bodyCrc32) {
    parts.logger.warn('registration refused: crc32 not match', { from: connection.remoteAddress });
    return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'crc32 not match');
  }
  const { topicConfigSerializeWrapper: topics, filterServerList } = decodeRegisterBrokerBody(
    body,
    request.version,
  );
  const result = parts.routes.registerBroker(
    {
      ...header,
      zoneName: request.extFields[MixAll.ZONE_NAME],
      dataVersion: topics.dataVersion,
      topicConfigTable: new Map(Object.entries(topics.topicConfigTable)),
      topicQueueMappingInfoMap: new Map(Object.entries(topics.topicQueueMappingInfoMap ?? {})),
      filterServerList,
      channel: connection,
    },
    parts.clock.now(),
  );
  if (result === undefined) {
    return RemotingCommand.response(
      ResponseCode.SYSTEM_ERROR,
      'register broker failed: a broker that is not registered yet must register all its topics at once',
    );
  }
  const orderTopics = parts.settings.values.returnOrderTopicConfigToBroker
    ? parts.kvConfig.list(NAMESPACE_ORDER_TOPIC_CONFIG)
    : undefined;
  return RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    RegisterBrokerResponseHeader.encode(result),
    orderTopics && encodeKVTable({ table: Object.fromEntries(orderTopics) }),
  );
};

export const unregisterBroker: NamesrvProcessor = ({ routes, logger }, request) => {
  const identity = UnRegisterBrokerRequestHeader.decode(request.extFields);
  routes.unregisterBroker(identity);
  logger.info('broker unregistered', { ...identity });
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const brokerHeartbeat: NamesrvProcessor = ({ routes, clock }, request) => {
  const { clusterName, brokerAddr } = BrokerHeartbeatRequestHeader.decode(request.extFields);
  routes.updateBrokerInfoUpdateTimestamp(clusterName, brokerAddr, clock.now());
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const queryDataVersion: NamesrvProcessor = ({ routes, clock }, request) => {
  const { clusterName, brokerAddr } = QueryDataVersionRequestHeader.decode(request.extFields);
  const known = routes.queryBrokerTopicConfig(clusterName, brokerAddr);
  const sent = request.body && decodeDataVersion(request.body);
  const changed = known === undefined || sent === undefined || !dataVersionEquals(known, sent);
  routes.updateBrokerInfoUpdateTimestamp(clusterName, brokerAddr, clock.now());
  return RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    QueryDataVersionResponseHeader.encode({ changed }),
    known && encodeDataVersion(known),
  );
};

export const getBrokerMemberGroup: NamesrvProcessor = ({ routes }, request) => {
  const { clusterName, brokerName } = GetBrokerMemberGroupRequestHeader.decode(request.extFields);
  const brokerAddrs = new Map(routes.brokerAddrsOf(brokerName));
  const body = encodeGetBrokerMemberGroupResponseBody({
    brokerMemberGroup: { cluster: clusterName, brokerName, brokerAddrs },
  });
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, body);
};

export const getBrokerClusterInfo: NamesrvProcessor = ({ routes }) =>
  RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    undefined,
    encodeClusterInfo(routes.clusterInfo()),
  );

export const wipeWritePermOfBroker: NamesrvProcessor = ({ routes, logger }, request, { connection }) => {
  const { brokerName } = WipeWritePermOfBrokerRequestHeader.decode(request.extFields);
  const wipeTopicCount = routes.wipeWritePermOfBroker(brokerName);
  logger.info('write permission taken off', { brokerName, wipeTopicCount, from: connection.remoteAddress });
  return RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    WipeWritePermOfBrokerResponseHeader.encode({ wipeTopicCount }),
  );
};

export const addWritePermOfBroker: NamesrvProcessor = ({ routes, logger }, request, { connection }) => {
  const { brokerName } = AddWritePermOfBrokerRequestHeader.decode(request.extFields);
  const addTopicCount = routes.addWritePermOfBroker(brokerName);
  logger.info('write permission given', { brokerName, addTopicCount, from: connection.remoteAddress });
  return RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    AddWritePermOfBrokerResponseHeader.encode({ addTopicCount }),
  );
};
