import {
  PermName,
  SystemTopic,
  TIMER_TOPIC,
  newTopicConfig,
  type TopicConfig,
  replyTopic,
  reviveTopic,
  syncBrokerMemberTopic,
} from '@mq/remoting/protocol';

/** The settings that decide which topics a broker has from the start. */
export interface BuiltInTopicSettings {
  readonly brokerName: string;
  readonly brokerClusterName: string;
  readonly autoCreateTopicEnable: boolean;
  readonly defaultTopicQueueNums: number;
  readonly clusterTopicEnable: boolean;
  readonly brokerTopicEnable: boolean;
  readonly traceTopicEnable: boolean;
  readonly msgTraceTopicName: string;
  readonly reviveQueueNum: number;
}

/** Settings of the store that do so too. */
export interface BuiltInStoreSettings {
  readonly timerWheelEnable: boolean;
}

const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;

/** Topics every broker creates at start (upstream `TopicConfigManager#init`). */
export function builtInTopics(settings: BuiltInTopicSettings, store?: BuiltInStoreSettings): TopicConfig[] {
  const { brokerName, brokerClusterName: cluster } = settings;
  const inheritIf = (usable: boolean): number => PermName.PERM_INHERIT | (usable ? READ_WRITE : 0);
  const topics = [
    newTopicConfig(SystemTopic.SELF_TEST, 1),
    newTopicConfig(SystemTopic.BENCHMARK, 1024),
    newTopicConfig(cluster, 16, inheritIf(settings.clusterTopicEnable)),
    newTopicConfig(brokerName, 1, inheritIf(settings.brokerTopicEnable)),
    newTopicConfig(SystemTopic.OFFSET_MOVED_EVENT, 1),
    newTopicConfig(SystemTopic.SCHEDULE, 18),
    newTopicConfig(replyTopic(cluster), 1),
    newTopicConfig(reviveTopic(cluster), settings.reviveQueueNum),
    newTopicConfig(syncBrokerMemberTopic(brokerName), 1, PermName.PERM_INHERIT),
    newTopicConfig(SystemTopic.TRANS_HALF, 1),
    newTopicConfig(SystemTopic.TRANS_OP_HALF, 1),
  ];
  if (settings.autoCreateTopicEnable) {
    topics.push(newTopicConfig(SystemTopic.AUTO_CREATE, settings.defaultTopicQueueNums, inheritIf(true)));
  }
  if (store?.timerWheelEnable === true) topics.push(newTopicConfig(TIMER_TOPIC, 1));
  if (settings.traceTopicEnable) topics.push(newTopicConfig(settings.msgTraceTopicName, 1));
  return topics;
}
