// Topic lists, and the two requests that change a topic's route without a broker's registration.
import { RemotingCommand } from '@mq/remoting';
import {
  DeleteTopicFromNamesrvRequestHeader,
  GetTopicsByClusterRequestHeader,
  RegisterTopicRequestHeader,
  ResponseCode,
  decodeTopicRouteData,
  encodeTopicList,
  type TopicList,
} from '@mq/remoting/protocol';
import type { NamesrvParts } from '../namesrv-parts.js';
import type { NamesrvProcessor } from './namesrv-processor.js';

export const getAllTopicList: NamesrvProcessor = ({ settings, routes }) =>
  settings.values.enableAllTopicList ? topicList({ topicList: routes.allTopics() }) : disabled();

export const getTopicsByCluster: NamesrvProcessor = (parts, request) => {
  const { cluster } = GetTopicsByClusterRequestHeader.decode(request.extFields);
  return whenListed(parts, () => parts.routes.topicsByCluster(cluster));
};

export const getUnitTopicList: NamesrvProcessor = (parts) =>
  whenListed(parts, () => parts.routes.unitTopics());

export const getHasUnitSubTopicList: NamesrvProcessor = (parts) =>
  whenListed(parts, () => parts.routes.hasUnitSubTopics());

export const getHasUnitSubUnUnitTopicList: NamesrvProcessor = (parts) =>
  whenListed(parts, () => parts.routes.hasUnitSubUnUnitTopics());

export const getSystemTopicList: NamesrvProcessor = ({ routes }) => topicList(routes.systemTopics());

export const registerTopic: NamesrvProcessor = ({ routes }, request) => {
  const { topic } = RegisterTopicRequestHeader.decode(request.extFields);
  if (request.body !== undefined) routes.registerTopic(topic, decodeTopicRouteData(request.body).queueDatas);
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const deleteTopic: NamesrvProcessor = ({ routes, logger }, request, { connection }) => {
  const { topic, clusterName } = DeleteTopicFromNamesrvRequestHeader.decode(request.extFields);
  routes.deleteTopic(topic, clusterName);
  logger.info('topic route deleted', { topic, clusterName, from: connection.remoteAddress });
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

function whenListed({ settings }: NamesrvParts, topics: () => string[]): RemotingCommand {
  return settings.values.enableTopicList ? topicList({ topicList: topics() }) : disabled();
}

function topicList(list: TopicList): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, encodeTopicList(list));
}

function disabled(): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'disable');
}
