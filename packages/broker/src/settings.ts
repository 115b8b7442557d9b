// Every setting of the broker, declared once: the properties file, the command line, GET/UPDATE_BROKER_CONFIG, the docs
// table and validation read these records. The store's own settings are declared by @mq/store; broker-configuration.ts
// is the merged view of both, as Apache's broker.conf holds both in one file.
import { hostname } from 'node:os';

import {
  defineSettings,
  serializeTypeSetting,
  setting,
  type SettingsOf,
  tlsSettings,
} from '@mq/remoting/settings';

import { compatibilitySettings } from './compatibility-settings.js';
import { limitSettings } from './limits/limit-settings.js';
import { popSettings } from './pop/pop-settings.js';

const MASTER_ID = 0;

/** BrokerConfig and the part of NettyServerConfig that means something here. Names are upstream's to the letter. */
export const brokerSettings = defineSettings({
  // Who this broker is
  brokerName: setting.string({
    default: () => hostname(),
    help: 'Name of the broker group; master and slaves share it.',
  }),
  brokerClusterName: setting.string({
    default: 'DefaultCluster',
    help: 'Name of the cluster the group belongs to.',
  }),
  brokerId: setting.long({
    default: MASTER_ID,
    min: 0,
    help: '0 is the master of the group, above 0 a slave.',
  }),
  brokerIP1: setting.string({
    default: '',
    help: 'Address told to clients and NameServers; empty: 127.0.0.1 when bound to loopback, else the first local address.',
  }),
  brokerIP2: setting.string({ default: '', help: 'Address told to slaves; empty: the same as brokerIP1.' }),
  listenPort: setting.int({
    default: 10911,
    min: 0,
    max: 65_535,
    help: 'Port that clients connect to; listenPort - 2 is the fast port. 0 takes any and opens no fast port.',
  }),
  bindAddress: setting.string({
    default: '',
    help: 'Address to listen on. Empty: loopback, or 0.0.0.0 when brokerIP1 is set to an address that is not loopback (Apache: always 0.0.0.0).',
  }),
  rocketmqHome: setting.string({
    default: () => process.env['ROCKETMQ_HOME'] ?? '',
    help: 'Installation folder; not needed, nothing is read from it.',
  }),
  brokerConfigPath: setting.string({
    default: '',
    help: 'File that updated settings are saved to: the one given by -c. Empty: updates last until the broker stops.',
  }),
  configBlackList: setting.string({
    default: 'configBlackList;brokerConfigPath',
    help: 'Settings, separated by semicolons, that UPDATE_BROKER_CONFIG refuses besides those that are never mutable.',
  }),

  // NameServers
  namesrvAddr: setting.string({
    default: () => process.env['NAMESRV_ADDR'] ?? '',
    help: 'NameServers as host:port, separated by semicolons; empty: the broker registers nowhere.',
  }),
  registerNameServerPeriod: setting.int({
    default: 30_000,
    unit: 'ms',
    mutable: true,
    help: 'Period of the registration at every NameServer, clamped to 10..60 s.',
  }),
  registerBrokerTimeoutMills: setting.int({
    default: 24_000,
    min: 1,
    unit: 'ms',
    mutable: true,
    help: 'How long a NameServer may take to answer a registration.',
  }),
  forceRegister: setting.boolean({
    default: true,
    mutable: true,
    help: 'Register even when the NameServer already has this version of the topics; false asks first (322).',
  }),
  compressedRegister: setting.boolean({
    default: false,
    mutable: true,
    help: 'Deflate the registration body.',
  }),
  enableSlaveActingMaster: setting.boolean({
    default: false,
    help: 'Told to NameServers with the registration; acting as master is not served by this version.',
  }),
  enableSingleTopicRegister: setting.boolean({
    default: false,
    mutable: true,
    help: 'Accepted for compatibility, no effect: a topic change registers all topics.',
  }),
  brokerNotActiveTimeoutMillis: setting.long({
    default: 10_000,
    min: 1,
    unit: 'ms',
    help: 'Lifetime told to NameServers with enableSlaveActingMaster.',
  }),

  // Topics and groups
  defaultTopicQueueNums: setting.int({
    default: 8,
    min: 1,
    max: 65_535,
    mutable: true,
    help: 'Queues of TBW102, the template of auto-created topics.',
  }),
  autoCreateTopicEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Create unknown topics on the first send, after the template TBW102.',
  }),
  autoCreateSubscriptionGroup: setting.boolean({
    default: true,
    mutable: true,
    help: 'Create unknown consumer groups on first use.',
  }),
  clusterTopicEnable: setting.boolean({
    default: true,
    help: 'The topic named as the cluster is readable and writable.',
  }),
  brokerTopicEnable: setting.boolean({
    default: true,
    help: 'The topic named as the broker is readable and writable.',
  }),
  traceTopicEnable: setting.boolean({ default: false, help: 'Create the trace topic at start.' }),
  msgTraceTopicName: setting.string({ default: 'RMQ_SYS_TRACE_TOPIC', help: 'Name of the trace topic.' }),
  validateSystemTopicWhenUpdateTopic: setting.boolean({
    default: true,
    mutable: true,
    help: 'Refuse to change system topics.',
  }),
  enableCreateSysGroup: setting.boolean({
    default: true,
    help: 'Create the built-in consumer groups at start.',
  }),
  autoDeleteUnusedStats: setting.boolean({
    default: true,
    mutable: true,
    help: 'Drop the statistics of deleted topics and groups.',
  }),
  brokerPermission: setting.int({
    default: 6,
    min: 0,
    max: 7,
    mutable: true,
    help: 'Broker-wide permission mask: 2 write, 4 read.',
  }),

  // Sending
  regionId: setting.string({
    default: 'DefaultRegion',
    mutable: true,
    help: 'MSG_REGION of messages and answers.',
  }),
  traceOn: setting.boolean({ default: true, mutable: true, help: 'TRACE_ON of messages and answers.' }),
  startAcceptSendRequestTimeStamp: setting.long({
    default: 0,
    min: 0,
    unit: 'ms since the epoch',
    mutable: true,
    help: 'Sends before this wall-clock time are refused.',
  }),
  recallMessageEnable: setting.boolean({
    default: false,
    mutable: true,
    help: 'Producers may take back timer messages that were not delivered yet.',
  }),
  allowRecallWhenBrokerNotWriteable: setting.boolean({
    default: true,
    mutable: true,
    help: 'They may do so while brokerPermission forbids sends.',
  }),
  storeReplyMessageEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Store reply messages in the reply topic besides pushing them to the requester.',
  }),
  maxSendBytesInFlight: setting.long({
    default: 256 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    mutable: true,
    help: 'Bytes of sends not yet answered; above it sends are refused with SYSTEM_BUSY (ours, in place of thread pool queues).',
  }),
  ...limitSettings,

  // Transactions
  rejectTransactionMessage: setting.boolean({ default: false, mutable: true, help: 'Refuse half messages.' }),
  transactionTimeOut: setting.long({
    default: 6_000,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'Age of a half message before its producers are first asked; a message may say otherwise.',
  }),
  transactionCheckMax: setting.int({
    default: 15,
    min: 0,
    mutable: true,
    help: 'Checks of a half message before it is given up and moved to TRANS_CHECK_MAX_TIME_TOPIC.',
  }),
  transactionCheckInterval: setting.long({
    default: 30_000,
    min: 10,
    unit: 'ms',
    mutable: true,
    help: 'Pause between two rounds of checks; a new one counts from the next round.',
  }),
  transactionOpMsgMaxSize: setting.int({
    default: 4_096,
    min: 1,
    unit: 'bytes',
    mutable: true,
    help: 'An op message, which says what transactions have ended, is written once it has this size.',
  }),
  transactionOpBatchInterval: setting.int({
    default: 3_000,
    min: 1,
    unit: 'ms',
    mutable: true,
    help: 'Longest time that an op message gathers.',
  }),
  transactionMetricFlushInterval: setting.long({
    default: 10_000,
    min: 100,
    unit: 'ms',
    mutable: true,
    help: 'Period of writing transactionMetrics.',
  }),

  // The event loop
  restTimeMicros: setting.int({
    default: 400,
    min: 0,
    max: 10_000,
    unit: 'µs',
    mutable: true,
    help: 'How long requests may gather between two turns of mqbroker where thousands a second come one by one: less CPU a message for this much latency. Never where clients would be slowed down. 0: not at all. Not in Apache.',
  }),

  // Pulling
  longPollingEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Hold empty pulls until a message arrives or the time given by the client is over.',
  }),
  shortPollingTimeMills: setting.long({
    default: 1_000,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'How long an empty pull is held when longPollingEnable is false.',
  }),
  pullThreadPoolQueueCapacity: setting.int({
    default: 100_000,
    min: 1,
    mutable: true,
    help: 'Pulls held at a time by all clients; above it an empty pull is answered at once.',
  }),
  maxPullBytesInFlight: setting.long({
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    unit: 'bytes',
    mutable: true,
    help: 'Bytes of pull answers not yet taken by their connections; above half of it only consumers that have read everything get more (ours).',
  }),
  maxPullHoldsPerConnection: setting.int({
    default: 20_000,
    min: 1,
    mutable: true,
    help: 'Pulls held at a time for one connection; above it an empty pull is answered at once (ours).',
  }),
  slaveReadEnable: setting.boolean({
    default: false,
    mutable: true,
    help: 'Suggest slaves to consumers far behind.',
  }),
  rejectPullConsumerEnable: setting.boolean({
    default: false,
    mutable: true,
    help: 'Refuse heartbeats of consumers that pull by themselves (CONSUME_ACTIVELY).',
  }),

  // Filters
  enablePropertyFilter: setting.boolean({
    default: false,
    mutable: true,
    help: 'Allow SQL92 subscriptions.',
  }),
  enableCalcFilterBitMap: setting.boolean({
    default: false,
    mutable: true,
    help: 'Evaluate SQL92 subscriptions when a message is stored and keep the result as bits of its extended queue entry (enableConsumeQueueExt), so that readers skip messages without reading them.',
  }),
  filterSupportRetry: setting.boolean({
    default: false,
    mutable: true,
    help: 'SQL92 subscriptions of a retry topic judge each message by the expression for the topic it came from.',
  }),
  expectConsumerNumUseFilter: setting.int({
    default: 32,
    min: 1,
    max: 65_536,
    help: 'Groups of one topic with an SQL92 subscription that the bits are made for; more of them raise the errors.',
  }),
  maxErrorRateOfBloomFilter: setting.int({
    default: 20,
    min: 1,
    max: 99,
    unit: 'percent',
    help: 'Messages that a reader need not have looked at, at expectConsumerNumUseFilter groups.',
  }),
  filterServerNums: setting.int({
    default: 0,
    min: 0,
    max: 64,
    mutable: true,
    help: "Filter servers, which run consumers' filter code, that may register. Apache's broker starts as many; this one starts none.",
  }),
  filterDataCleanTimeSpan: setting.long({
    default: 86_400_000,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'How long the SQL92 subscription of a group without consumers is kept.',
  }),

  // Popping
  ...popSettings,

  // Consumers and producers
  notifyConsumerIdsChangedEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Tell the members of a consumer group at once when the group changes.',
  }),
  enableRegisterProducer: setting.boolean({
    default: true,
    mutable: true,
    help: 'Keep a table of connected producers.',
  }),
  channelExpiredTimeout: setting.long({
    default: 120_000,
    min: 1_000,
    unit: 'ms',
    mutable: true,
    help: 'A client without heartbeat for this long is forgotten and its connection closed.',
  }),
  subscriptionExpiredTimeout: setting.long({
    default: 600_000,
    min: 1_000,
    unit: 'ms',
    mutable: true,
    help: 'A subscription not renewed for this long is dropped.',
  }),
  brokerFastFailureEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Refuse sends that waited for longer than waitTimeMillsInSendQueue.',
  }),
  waitTimeMillsInSendQueue: setting.long({
    default: 200,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'A send that was read and had to wait for this long behind others of its connection is answered SYSTEM_BUSY.',
  }),
  flushConsumerOffsetInterval: setting.int({
    default: 5_000,
    min: 100,
    unit: 'ms',
    mutable: true,
    help: 'Period of writing consumerOffset.json; a new one counts from the next write.',
  }),
  flushDelayOffsetInterval: setting.long({
    default: 10_000,
    min: 100,
    unit: 'ms',
    mutable: true,
    help: 'Period of writing delayOffset.json; a new one counts from the next write.',
  }),
  consumerFallbehindThreshold: setting.long({
    default: 16 * 1024 * 1024 * 1024,
    min: 0,
    unit: 'bytes',
    mutable: true,
    help: 'Groups whose next message is further behind the end of the log are reported as slow, every three minutes.',
  }),
  disableConsumeIfConsumerReadSlowly: setting.boolean({
    default: false,
    mutable: true,
    help: 'Slow groups may not consume any more (consumeEnable=false) until an operator lets them.',
  }),
  consumerOffsetUpdateVersionStep: setting.long({
    default: 500,
    min: 1,
    mutable: true,
    help: 'Commits after which the version of the offsets moves on.',
  }),
  delayOffsetUpdateVersionStep: setting.long({
    default: 200,
    min: 1,
    mutable: true,
    help: 'Deliveries after which the version of the delay offsets moves on.',
  }),
  useServerSideResetOffset: setting.boolean({
    default: true,
    mutable: true,
    help: 'Keep a reset offset in the broker until the consumer pulls.',
  }),

  // Network and refused features
  ...tlsSettings,
  ...serializeTypeSetting,
  serverChannelMaxIdleTimeSeconds: setting.int({
    default: 120,
    min: 1,
    unit: 's',
    help: 'A connection without traffic for this long is closed.',
  }),
  aclEnable: setting.boolean({
    default: false,
    help: 'Access control; not served by this version, true refuses to start.',
  }),
  authenticationEnabled: setting.boolean({
    default: false,
    help: 'Authentication; not served by this version, true refuses to start.',
  }),
  authorizationEnabled: setting.boolean({
    default: false,
    help: 'Authorization; not served by this version, true refuses to start.',
  }),
  enableControllerMode: setting.boolean({
    default: false,
    help: 'Master election by a controller; not served by this version, true refuses to start.',
  }),
  localHostName: setting.string({
    default: () => hostname(),
    help: 'Accepted for compatibility, no effect.',
  }),

  ...compatibilitySettings,
});

/** Values of all broker settings, complete and checked. */
export type BrokerSettings = SettingsOf<typeof brokerSettings>;
