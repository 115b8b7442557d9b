// Settings of pop consumption. Names and defaults: upstream BrokerConfig (5.3.3).
import { setting } from '@mq/remoting/settings';

/** What Apache's broker.conf may carry about pop and means nothing here. */
const unused = 'Accepted for compatibility, no effect.';

export const popSettings = {
  reviveQueueNum: setting.int({ default: 8, min: 1, help: 'Queues of the revive topic of pop consumption.' }),
  reviveInterval: setting.long({
    default: 1_000,
    min: 10,
    unit: 'ms',
    mutable: true,
    help: 'Period of reading foreign records of the revive topic and of committing how far it is dealt with; revivals are due to the moment, whatever this says.',
  }),
  reviveAckWaitMs: setting.long({
    default: 180_000,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'How long an acknowledgement whose checkpoint is not known yet is kept.',
  }),
  skipWhenCKRePutReachMaxTimes: setting.boolean({
    default: false,
    mutable: true,
    help: 'Give up on a message that could not be revived 17 times; false goes on every 2 hours.',
  }),
  enablePopBufferMerge: setting.boolean({
    default: false,
    mutable: true,
    help: 'Keep checkpoints in memory first: what is acknowledged within popCkStayBufferTime is never written. After a kill such messages are delivered again.',
  }),
  popCkStayBufferTime: setting.int({
    default: 10_000,
    min: 1,
    unit: 'ms',
    mutable: true,
    help: 'Longest stay of a checkpoint in memory alone.',
  }),
  popCkStayBufferTimeOut: setting.int({
    default: 3_000,
    min: 0,
    unit: 'ms',
    mutable: true,
    help: 'A checkpoint is written at the latest this long before its messages come again.',
  }),
  popCkMaxBufferSize: setting.int({
    default: 200_000,
    min: 0,
    mutable: true,
    help: 'Checkpoints in memory alone; further ones are written at once.',
  }),
  popCkOffsetMaxQueueSize: setting.int({
    default: 20_000,
    min: 1,
    mutable: true,
    help: 'Checkpoints of one queue and group in memory alone; further ones are written at once.',
  }),
  enablePopMessageThreshold: setting.boolean({
    default: false,
    mutable: true,
    help: 'Pop no more from a queue while popInflightMessageThreshold messages of it wait to be acknowledged.',
  }),
  popInflightMessageThreshold: setting.long({
    default: 10_000,
    min: 1,
    mutable: true,
    help: 'See enablePopMessageThreshold.',
  }),
  popFromRetryProbability: setting.int({
    default: 20,
    min: 0,
    max: 100,
    unit: '%',
    mutable: true,
    help: 'Share of the pops that take messages of the retry topic first.',
  }),
  enableRetryTopicV2: setting.boolean({
    default: false,
    mutable: true,
    help: 'Name pop retry topics %RETRY%group+topic instead of %RETRY%group_topic.',
  }),
  retrieveMessageFromPopRetryTopicV1: setting.boolean({
    default: true,
    mutable: true,
    help: 'With enableRetryTopicV2: read retry topics of the old name, too.',
  }),
  popResponseReturnActualRetryTopic: setting.boolean({
    default: false,
    mutable: true,
    help: 'Deliver messages of a pop retry topic under its name instead of the name asked for.',
  }),
  initPopOffsetByCheckMsgInMem: setting.boolean({
    default: true,
    mutable: true,
    help: 'A new group that asks for the newest messages begins with the first one of a queue whose first message is in memory.',
  }),
  popPollingSize: setting.int({
    default: 1_024,
    min: 1,
    mutable: true,
    help: 'Pops waiting at a time for one queue of a group.',
  }),
  popPollingMapSize: setting.int({
    default: 100_000,
    min: 1,
    mutable: true,
    help: 'Topics, groups and queues that pops wait for at a time.',
  }),
  maxPopPollingSize: setting.long({
    default: 100_000,
    min: 1,
    mutable: true,
    help: 'Pops waiting at a time, all together.',
  }),
  popLongPollingForceNotifyInterval: setting.long({
    default: 800,
    min: 0,
    mutable: true,
    help: 'Every so many messages of a queue wake a waiting pop whatever its filter says; 0 never.',
  }),
  enableNotifyAfterPopOrderLockRelease: setting.boolean({
    default: true,
    mutable: true,
    help: 'Wake waiting pops when the messages popped in order before are visible again.',
  }),
  defaultMessageRequestMode: setting.string({
    default: 'PULL',
    mutable: true,
    help: 'PULL or POP: how groups take messages for which SET_MESSAGE_REQUEST_MODE said nothing.',
  }),
  defaultPopShareQueueNum: setting.int({
    default: -1,
    mutable: true,
    help: 'With defaultMessageRequestMode=POP: queues a consumer shares with others; 0 or less: all.',
  }),
  serverLoadBalancerEnable: setting.boolean({
    default: true,
    mutable: true,
    help: 'Share queues among the consumers of a group in QUERY_ASSIGNMENT; false assigns all of them to everyone.',
  }),
  loadBalancePollNameServerInterval: setting.long({
    default: 30_000,
    min: 100,
    unit: 'ms',
    mutable: true,
    help: 'How long a route asked of a NameServer for QUERY_ASSIGNMENT is used.',
  }),
  maxPopBytesInFlight: setting.long({
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    unit: 'bytes',
    mutable: true,
    help: 'Bytes of pop answers not yet taken by their connections; above it pops are answered POLLING_FULL (ours).',
  }),
  reviveMaxSlow: setting.long({ default: 3, help: unused }),
  reviveScanTime: setting.long({ default: 10_000, help: unused }),
  enableSkipLongAwaitingAck: setting.boolean({ default: false, help: unused }),
  enablePopBatchAck: setting.boolean({
    default: false,
    help: 'Accepted for compatibility, no effect: acknowledgements of one turn are always one record.',
  }),
  popReviveMaxReturnSizePerRead: setting.int({ default: 16_384, help: unused }),
  popReviveMaxAttemptTimes: setting.int({ default: 16, help: unused }),
  appendAckAsync: setting.boolean({ default: false, help: unused }),
  appendCkAsync: setting.boolean({ default: false, help: unused }),
  enablePopLog: setting.boolean({ default: false, help: unused }),
  popConsumerKVServiceEnable: setting.boolean({ default: false, help: unused }),
  popConsumerKVServiceInit: setting.boolean({ default: false, help: unused }),
  popConsumerKVServiceLog: setting.boolean({ default: false, help: unused }),
  popConsumerFSServiceInit: setting.boolean({ default: true, help: unused }),
  popPollingMapExpireTimeSeconds: setting.int({ default: 600, help: unused }),
};
