// Names of topics and groups: which are legal, which are the system's own, which derive from others.
// Source: TopicValidator, MixAll, KeyBuilder, NamespaceUtil, Validators.

/** Begins the retry topic of a group. */
export const RETRY_GROUP_TOPIC_PREFIX = '%RETRY%';
/** Begins the dead letter topic of a group. */
export const DLQ_GROUP_TOPIC_PREFIX = '%DLQ%';
/** Begins the name of a light queue (LMQ). */
export const LMQ_PREFIX = '%LMQ%';
/** Topics that begin so are the brokers' own; upstream's `TopicValidator.SYSTEM_TOPIC_PREFIX`. */
export const SYSTEM_TOPIC_PREFIX = 'rmq_sys_';
/** Groups that begin so are the brokers' own; upstream's `MixAll.CID_RMQ_SYS_PREFIX`. */
export const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_';

/** The longest legal topic and group. The length of a topic stored with a one byte length is the reason for the first. */
export const TOPIC_MAX_LENGTH = 127;
/** The longest legal group name, in UTF-16 units; upstream's `Validators.CHARACTER_MAX_LENGTH`. */
export const GROUP_MAX_LENGTH = 255;
/** Retry and dead letter topics hold a whole group name. */
export const RETRY_OR_DLQ_TOPIC_MAX_LENGTH = 255;

/** Topics that every broker has or reserves. */
export const SystemTopic = {
  /** Template for topics that create themselves on the first send. */
  AUTO_CREATE: 'TBW102',
  SCHEDULE: 'SCHEDULE_TOPIC_XXXX',
  BENCHMARK: 'BenchmarkTest',
  TRANS_HALF: 'RMQ_SYS_TRANS_HALF_TOPIC',
  TRANS_OP_HALF: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  TRANS_CHECK_MAX_TIME: 'TRANS_CHECK_MAX_TIME_TOPIC',
  TRACE: 'RMQ_SYS_TRACE_TOPIC',
  SELF_TEST: 'SELF_TEST_TOPIC',
  OFFSET_MOVED_EVENT: 'OFFSET_MOVED_EVENT',
  ROCKSDB_OFFSET: 'CHECKPOINT_TOPIC',
} as const;

/** 5.x timer messages wait here; a system topic by its prefix. */
export const TIMER_TOPIC = 'rmq_sys_wheel_timer';

/** Groups that every broker has or reserves; upstream's `MixAll.PREDEFINE_GROUP_SET`. */
export const SystemGroup = {
  DEFAULT_PRODUCER: 'DEFAULT_PRODUCER',
  DEFAULT_CONSUMER: 'DEFAULT_CONSUMER',
  TOOLS_CONSUMER: 'TOOLS_CONSUMER',
  SCHEDULE_CONSUMER: 'SCHEDULE_CONSUMER',
  FILTERSRV_CONSUMER: 'FILTERSRV_CONSUMER',
  MONITOR_CONSUMER: '__MONITOR_CONSUMER',
  CLIENT_INNER_PRODUCER: 'CLIENT_INNER_PRODUCER',
  SELF_TEST_PRODUCER: 'SELF_TEST_P_GROUP',
  SELF_TEST_CONSUMER: 'SELF_TEST_C_GROUP',
  ONS_HTTP_PROXY: 'CID_ONS-HTTP-PROXY',
  ONSAPI_PERMISSION: 'CID_ONSAPI_PERMISSION',
  ONSAPI_OWNER: 'CID_ONSAPI_OWNER',
  ONSAPI_PULL: 'CID_ONSAPI_PULL',
  SYS_RMQ_TRANS: 'CID_RMQ_SYS_TRANS',
} as const;

/** Constants of `MixAll` that travel or are compared on the wire. */
export const MixAll = {
  MASTER_ID: 0,
  UNIQUE_MSG_QUERY_FLAG: '_UNIQUE_KEY_QUERY',
  DEFAULT_TRACE_REGION_ID: 'DefaultRegion',
  REPLY_MESSAGE_FLAG: 'reply',
  IS_SUPPORT_HEART_BEAT_V2: 'IS_SUPPORT_HEART_BEAT_V2',
  IS_SUB_CHANGE: 'IS_SUB_CHANGE',
  ZONE_NAME: '__ZONE_NAME',
  ZONE_MODE: '__ZONE_MODE',
  REQ_T: 'ReqT',
  LMQ_QUEUE_ID: 0,
  LMQ_DISPATCH_SEPARATOR: ',',
  LOGICAL_QUEUE_MOCK_BROKER_PREFIX: '__syslo__',
  LOGICAL_QUEUE_MOCK_BROKER_NAME_NOT_EXIST: '__syslo__none__',
  METADATA_SCOPE_GLOBAL: '__global__',
  /** KV namespace that holds the order of order topics. */
  NAMESPACE_ORDER_TOPIC_CONFIG: 'ORDER_TOPIC_CONFIG',
} as const;

/** Bits of `topicSysFlag`. */
export const TopicSysFlag = { FLAG_UNIT: 1, FLAG_UNIT_SUB: 2 } as const;

/** Bits of `sysFlag` in a pull request. */
export const PullSysFlag = {
  /** `commitOffset` is valid and to be persisted. */
  FLAG_COMMIT_OFFSET: 1,
  FLAG_SUSPEND: 2,
  /** The request carries its own subscription. */
  FLAG_SUBSCRIPTION: 4,
  FLAG_CLASS_FILTER: 8,
  FLAG_LITE_PULL_MESSAGE: 16,
} as const;

const ILLEGAL = /[^%|a-zA-Z0-9_-]/;
const ALLOWED = '^[%|a-zA-Z0-9_-]+$';

const systemTopics: ReadonlySet<string> = new Set(Object.values(SystemTopic));
const notAllowedToSend: ReadonlySet<string> = new Set([
  SystemTopic.SCHEDULE,
  SystemTopic.TRANS_HALF,
  SystemTopic.TRANS_OP_HALF,
  SystemTopic.TRANS_CHECK_MAX_TIME,
  SystemTopic.SELF_TEST,
  SystemTopic.OFFSET_MOVED_EVENT,
]);
const predefinedGroups: ReadonlySet<string> = new Set(Object.values(SystemGroup));

/** Why a topic name is refused, in upstream's words, or `undefined` when it is legal. */
export function topicProblem(topic: string | undefined): string | undefined {
  if (isBlank(topic)) return 'The specified topic is blank.';
  if (ILLEGAL.test(topic)) return `The specified topic contains illegal characters, allowing only ${ALLOWED}`;
  if (topic.length > TOPIC_MAX_LENGTH) return 'The specified topic is longer than topic max length.';
  return undefined;
}

/** Why a group name is refused, in upstream's words, or `undefined` when it is legal. */
export function groupProblem(group: string | undefined): string | undefined {
  if (isBlank(group)) return 'the specified group is blank';
  if (group.length > GROUP_MAX_LENGTH) return 'the specified group is longer than group max length 255.';
  if (ILLEGAL.test(group))
    return `the specified group[${group}] contains illegal characters, allowing only ${ALLOWED}`;
  return undefined;
}

/** True for a name with a character that neither topics nor groups may have. An empty name has none. */
export const isTopicOrGroupIllegal = (name: string): boolean => ILLEGAL.test(name);

/** A built-in topic or one with the system prefix. A broker's own additions (its cluster, its name) are its business. */
export const isSystemTopic = (topic: string): boolean =>
  systemTopics.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX);

/** Topics that clients may never send to. */
export const isNotAllowedSendTopic = (topic: string): boolean => notAllowedToSend.has(topic);

/** A group of the brokers' own, by its prefix; upstream's `MixAll.isSysConsumerGroup`. */
export const isSystemGroup = (group: string): boolean => group.startsWith(SYSTEM_GROUP_PREFIX);
/** One of `SystemGroup`; upstream's `MixAll.isPredefinedGroup`. */
export const isPredefinedGroup = (group: string): boolean => predefinedGroups.has(group);
/** The retry topic of a group, those of pop consumption included. */
export const isRetryTopic = (topic: string): boolean => topic.startsWith(RETRY_GROUP_TOPIC_PREFIX);
/** The dead letter topic of a group. */
export const isDlqTopic = (topic: string): boolean => topic.startsWith(DLQ_GROUP_TOPIC_PREFIX);
/** A light queue (LMQ): one without messages of its own, which others are dispatched to. Upstream's `MixAll.isLmq`. */
export const isLmq = (topic: string): boolean => topic.startsWith(LMQ_PREFIX);

/** Where a group's failed messages wait for their next attempt, `%RETRY%G`; upstream's `MixAll.getRetryTopic`. */
export const retryTopic = (group: string): string => RETRY_GROUP_TOPIC_PREFIX + group;
/** Where a group's messages end after their last attempt, `%DLQ%G`; upstream's `MixAll.getDLQTopic`. */
export const dlqTopic = (group: string): string => DLQ_GROUP_TOPIC_PREFIX + group;
/** The topic that replies to requests are sent to; upstream's `MixAll.getReplyTopic`. */
export const replyTopic = (cluster: string): string => `${cluster}_REPLY_TOPIC`;
/** Trace topic of a region; upstream's `TraceConstants.TRACE_TOPIC_PREFIX`. */
export const traceDataTopic = (region: string): string => `rmq_sys_TRACE_DATA_${region}`;
/** Log of pops and acknowledgements; upstream's `PopAckConstants.buildClusterReviveTopic`. */
export const reviveTopic = (cluster: string): string => `rmq_sys_REVIVE_LOG_${cluster}`;
/** Topic reserved for the members of a broker group; upstream's `TopicValidator.SYNC_BROKER_MEMBER_GROUP_PREFIX`. */
export const syncBrokerMemberTopic = (brokerName: string): string =>
  `rmq_sys_SYNC_BROKER_MEMBER_${brokerName}`;

/** Retry topic of pop consumption: V1 `%RETRY%G_T`, V2 (5.2, `enableRetryTopicV2`) `%RETRY%G+T`. */
export const popRetryTopicV1 = (topic: string, group: string): string =>
  `${RETRY_GROUP_TOPIC_PREFIX}${group}_${topic}`;
/** As `popRetryTopicV1`, with a separator that no name contains; upstream's `KeyBuilder.buildPopRetryTopicV2`. */
export const popRetryTopicV2 = (topic: string, group: string): string =>
  `${RETRY_GROUP_TOPIC_PREFIX}${group}+${topic}`;
/** A retry topic of pop consumption in its second form; the first cannot be told from other retry topics. */
export const isPopRetryTopicV2 = (topic: string): boolean => isRetryTopic(topic) && topic.includes('+');

/** The topic behind a pop retry topic of `group`, either version; any other topic as it is. */
export function normalTopic(topic: string, group: string): string {
  const prefix = RETRY_GROUP_TOPIC_PREFIX + group;
  const isPopRetry = topic.startsWith(`${prefix}+`) || topic.startsWith(`${prefix}_`);
  return isPopRetry ? topic.slice(prefix.length + 1) : topic;
}

/** Address of a broker's second port: `host:port-2`. */
export function vipChannelAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  return `${address.slice(0, colon)}:${Number(address.slice(colon + 1)) - 2}`;
}

/** `ns%name`, inside the retry or dead letter prefix if there is one; system names and wrapped ones stay. */
export function wrapNamespace(namespace: string | undefined, name: string): string {
  if (!namespace || !name || isSystemResource(name)) return name;
  const [prefix, bare] = splitPrefix(name);
  return bare.startsWith(`${namespace}%`) ? name : `${prefix}${namespace}%${bare}`;
}

/** Undoes `wrapNamespace`: of `namespace` only, or of whichever there is. */
export function withoutNamespace(name: string, namespace?: string): string {
  if (!name || isSystemResource(name)) return name;
  const [prefix, bare] = splitPrefix(name);
  if (namespace !== undefined && !(namespace && bare.startsWith(`${namespace}%`))) return name;
  const separator = bare.indexOf('%');
  return separator > 0 ? prefix + bare.slice(separator + 1) : name;
}

/** The namespace a name carries, or `''`. */
export function namespaceOf(name: string): string {
  if (!name || isSystemResource(name)) return '';
  const [, bare] = splitPrefix(name);
  return bare.slice(0, Math.max(bare.indexOf('%'), 0));
}

const isSystemResource = (name: string): boolean => isSystemTopic(name) || isSystemGroup(name);

function splitPrefix(name: string): [prefix: string, bare: string] {
  for (const prefix of [RETRY_GROUP_TOPIC_PREFIX, DLQ_GROUP_TOPIC_PREFIX]) {
    if (name.startsWith(prefix)) return [prefix, name.slice(prefix.length)];
  }
  return ['', name];
}

function isBlank(text: string | undefined): text is undefined | '' {
  return text === undefined || text.trim() === '';
}
