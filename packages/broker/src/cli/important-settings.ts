import type { BrokerConfiguration } from '../broker-configuration.js';

/** What `mqbroker -m` prints: the settings that upstream marks as important and that exist here. */
const IMPORTANT = [
  'namesrvAddr',
  'listenPort',
  'brokerIP1',
  'autoCreateTopicEnable',
  'autoCreateSubscriptionGroup',
  'msgTraceTopicName',
  'traceTopicEnable',
  'rejectTransactionMessage',
  'transactionTimeOut',
  'transactionCheckMax',
  'transactionCheckInterval',
  'aclEnable',
  'storePathRootDir',
  'storePathCommitLog',
  'flushIntervalCommitLog',
  'deleteWhen',
  'fileReservedTime',
  'maxTransferBytesOnMessageInMemory',
  'maxTransferCountOnMessageInMemory',
  'maxTransferBytesOnMessageInDisk',
  'maxTransferCountOnMessageInDisk',
  'accessMessageInMemoryMaxRatio',
  'messageIndexEnable',
  'messageIndexSafe',
  'brokerRole',
  'flushDiskType',
  'cleanFileForciblyEnable',
];

/** The important settings as `name=value` lines. */
export function importantSettings(configuration: BrokerConfiguration): string {
  const wanted = new Set(IMPORTANT);
  return configuration
    .toProperties()
    .split('\n')
    .filter((line) => wanted.has(line.slice(0, line.indexOf('='))))
    .map((line) => `${line}\n`)
    .join('');
}
