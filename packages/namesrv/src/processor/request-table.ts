// Which request code is served where: the whole list of what this NameServer answers.
import type { RequestProcessor } from '@mq/remoting';
import { RequestCode } from '@mq/remoting/protocol';
import type { NamesrvParts } from '../namesrv-parts.js';
import { getNamesrvConfig, updateNamesrvConfig } from './config.js';
import type { NamesrvProcessor } from './namesrv-processor.js';
import { deleteKVConfig, getKVConfig, getKVListByNamespace, putKVConfig } from './kv-config.js';
import {
  addWritePermOfBroker,
  brokerHeartbeat,
  getBrokerClusterInfo,
  getBrokerMemberGroup,
  queryDataVersion,
  registerBroker,
  unregisterBroker,
  wipeWritePermOfBroker,
} from './broker.js';
import { getRouteInfoByTopic } from './route-info.js';
import {
  deleteTopic,
  getAllTopicList,
  getHasUnitSubTopicList,
  getHasUnitSubUnUnitTopicList,
  getSystemTopicList,
  getTopicsByCluster,
  getUnitTopicList,
  registerTopic,
} from './topic.js';

const table: ReadonlyArray<readonly [code: number, processor: NamesrvProcessor]> = [
  [RequestCode.PUT_KV_CONFIG, putKVConfig],
  [RequestCode.GET_KV_CONFIG, getKVConfig],
  [RequestCode.DELETE_KV_CONFIG, deleteKVConfig],
  [RequestCode.GET_KVLIST_BY_NAMESPACE, getKVListByNamespace],
  [RequestCode.REGISTER_BROKER, registerBroker],
  [RequestCode.UNREGISTER_BROKER, unregisterBroker],
  [RequestCode.BROKER_HEARTBEAT, brokerHeartbeat],
  [RequestCode.QUERY_DATA_VERSION, queryDataVersion],
  [RequestCode.GET_BROKER_MEMBER_GROUP, getBrokerMemberGroup],
  [RequestCode.GET_BROKER_CLUSTER_INFO, getBrokerClusterInfo],
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER, wipeWritePermOfBroker],
  [RequestCode.ADD_WRITE_PERM_OF_BROKER, addWritePermOfBroker],
  [RequestCode.GET_ROUTEINFO_BY_TOPIC, getRouteInfoByTopic],
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, getAllTopicList],
  [RequestCode.REGISTER_TOPIC_IN_NAMESRV, registerTopic],
  [RequestCode.DELETE_TOPIC_IN_NAMESRV, deleteTopic],
  [RequestCode.GET_TOPICS_BY_CLUSTER, getTopicsByCluster],
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, getSystemTopicList],
  [RequestCode.GET_UNIT_TOPIC_LIST, getUnitTopicList],
  [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, getHasUnitSubTopicList],
  [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, getHasUnitSubUnUnitTopicList],
  [RequestCode.UPDATE_NAMESRV_CONFIG, updateNamesrvConfig],
  [RequestCode.GET_NAMESRV_CONFIG, getNamesrvConfig],
];

/** Registers every processor at a server. */
export function registerProcessors(
  server: { register(code: number, processor: RequestProcessor): void },
  parts: NamesrvParts,
): void {
  for (const [code, processor] of table) {
    server.register(code, (request, context) => processor(parts, request, context));
  }
}
