// Every command there is, in the order `mqadmin help` lists them: upstream's.
import type { Command } from './command.js';
import { brokerConsumeStats } from './commands/broker/broker-consume-stats.js';
import { brokerStatus } from './commands/broker/broker-status.js';
import { cleanExpiredCQ, cleanUnusedTopic, deleteExpiredCommitLog } from './commands/broker/clean-up.js';
import { getBrokerConfig } from './commands/broker/get-broker-config.js';
import { getColdDataFlowCtrInfo } from './commands/broker/get-cold-data-flow-ctr-info.js';
import { haStatus } from './commands/broker/ha-status.js';
import { queryCq } from './commands/broker/query-cq.js';
import { sendMsgStatus } from './commands/broker/send-msg-status.js';
import { statsAll } from './commands/broker/stats-all.js';
import { updateBrokerConfig } from './commands/broker/update-broker-config.js';
import { consumerConnection } from './commands/client/consumer-connection.js';
import { consumerStatus } from './commands/client/consumer-status.js';
import { producer } from './commands/client/producer.js';
import { producerConnection } from './commands/client/producer-connection.js';
import { clusterList } from './commands/cluster/cluster-list.js';
import { clusterRT } from './commands/cluster/cluster-rt.js';
import { exportConfigs } from './commands/export/export-configs.js';
import { exportMetadata } from './commands/export/export-metadata.js';
import { exportMetrics } from './commands/export/export-metrics.js';
import { deleteSubGroup } from './commands/group/delete-sub-group.js';
import { getConsumerConfig } from './commands/group/get-consumer-config.js';
import { setConsumeMode } from './commands/group/set-consume-mode.js';
import { updateSubGroup } from './commands/group/update-sub-group.js';
import { checkMsgSendRT } from './commands/message/check-msg-send-rt.js';
import { consumeMessage } from './commands/message/consume-message.js';
import { printMsg } from './commands/message/print-msg.js';
import { printMsgByQueue } from './commands/message/print-msg-by-queue.js';
import { queryMsgById } from './commands/message/query-msg-by-id.js';
import { queryMsgByKey } from './commands/message/query-msg-by-key.js';
import { queryMsgByOffset } from './commands/message/query-msg-by-offset.js';
import { queryMsgByUniqueKey } from './commands/message/query-msg-by-unique-key.js';
import { queryMsgTraceById } from './commands/message/query-msg-trace-by-id.js';
import { sendMessage } from './commands/message/send-message.js';
import { deleteKvConfig, updateKvConfig } from './commands/namesrv/kv-config.js';
import { getNamesrvConfig, updateNamesrvConfig } from './commands/namesrv/namesrv-config.js';
import { addWritePerm, wipeWritePerm } from './commands/namesrv/write-perm.js';
import { cloneGroupOffset } from './commands/offset/clone-group-offset.js';
import { consumerProgress } from './commands/offset/consumer-progress.js';
import { getConsumerStatus } from './commands/offset/get-consumer-status.js';
import { resetOffsetByTime, resetOffsetByTimeOld } from './commands/offset/reset-offset-by-time.js';
import { skipAccumulatedMessage } from './commands/offset/skip-accumulated-message.js';
import { allocateMQ } from './commands/topic/allocate-mq.js';
import { deleteTopic } from './commands/topic/delete-topic.js';
import { topicClusterList } from './commands/topic/topic-cluster-list.js';
import { topicList } from './commands/topic/topic-list.js';
import { topicRoute } from './commands/topic/topic-route.js';
import { topicStatus } from './commands/topic/topic-status.js';
import { updateOrderConf } from './commands/topic/update-order-conf.js';
import { updateTopic } from './commands/topic/update-topic.js';
import { updateTopicPerm } from './commands/topic/update-topic-perm.js';

export const commands: readonly Command[] = [
  ...[
    updateTopic,
    deleteTopic,
    updateSubGroup,
    setConsumeMode,
    deleteSubGroup,
    updateBrokerConfig,
    updateTopicPerm,
  ],
  ...[topicRoute, topicStatus, topicClusterList],
  ...[brokerStatus, queryMsgById, queryMsgByKey, queryMsgByUniqueKey, queryMsgByOffset],
  queryMsgTraceById,
  ...[printMsg, printMsgByQueue, sendMsgStatus, brokerConsumeStats],
  ...[producerConnection, consumerConnection, consumerProgress, consumerStatus, cloneGroupOffset, producer],
  ...[clusterList, topicList],
  ...[updateKvConfig, deleteKvConfig, wipeWritePerm, addWritePerm],
  ...[resetOffsetByTime, resetOffsetByTimeOld, skipAccumulatedMessage, getConsumerStatus],
  ...[updateOrderConf, cleanExpiredCQ, deleteExpiredCommitLog, cleanUnusedTopic],
  ...[statsAll, allocateMQ, checkMsgSendRT, clusterRT],
  ...[getNamesrvConfig, updateNamesrvConfig, getBrokerConfig, getConsumerConfig],
  ...[queryCq, sendMessage, consumeMessage],
  ...[exportMetadata, exportConfigs, exportMetrics],
  ...[haStatus, getColdDataFlowCtrInfo],
];

const commandByName = new Map(commands.map((command) => [command.name.toLowerCase(), command]));

/** The command of a name, in any case as upstream takes it. */
export const commandNamed = (name: string): Command | undefined => commandByName.get(name.toLowerCase());
