// Settings of the NameServer: upstream's NamesrvConfig and the part of NettyServerConfig that means something here.
// Each is declared once; the properties file, the command line, GET/UPDATE_NAMESRV_CONFIG and the docs read this record.
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  defineSettings,
  serializeTypeSetting,
  setting,
  type SettingsOf,
  tlsSettings,
} from '@mq/remoting/settings';

const acceptedOnly = (what: string) => `Accepted for compatibility, no effect: ${what}.`;

/** Every setting of the NameServer, in the order it is printed. Names are upstream's to the letter. */
export const namesrvSettings = defineSettings({
  rocketmqHome: setting.string({
    default: () => process.env['ROCKETMQ_HOME'] ?? homedir(),
    help: 'Installation folder; the default places of the files below do not depend on it.',
  }),
  kvConfigPath: setting.string({
    default: () => join(homedir(), 'namesrv', 'kvConfig.json'),
    help: 'File of the key-value configuration (JSON, as Apache writes it).',
  }),
  configStorePath: setting.string({
    default: () => join(homedir(), 'namesrv', 'namesrv.properties'),
    help: 'File that updated settings are saved to; the file given by -c when there is one.',
  }),
  productEnvName: setting.string({
    default: 'center',
    help: acceptedOnly('names the environment of cluster tests'),
  }),
  clusterTest: setting.boolean({
    default: false,
    help: acceptedOnly('routes of another environment are never fetched'),
  }),
  orderMessageEnable: setting.boolean({
    default: false,
    mutable: true,
    help: 'Return the order topic configuration (KV namespace ORDER_TOPIC_CONFIG) with routes.',
  }),
  returnOrderTopicConfigToBroker: setting.boolean({
    default: true,
    mutable: true,
    help: 'Return the order topic configuration in the answer to a registration.',
  }),
  scanNotActiveBrokerInterval: setting.long({
    default: 5_000,
    min: 10,
    max: 3_600_000,
    unit: 'ms',
    help: 'Period of the scan that removes silent brokers.',
  }),
  unRegisterBrokerQueueCapacity: setting.int({
    default: 3_000,
    min: 1,
    help: acceptedOnly('brokers are unregistered at once, nothing queues'),
  }),
  supportActingMaster: setting.boolean({
    default: false,
    mutable: true,
    help: 'Show the slave with the lowest id as master of a group that has none (slave acting master).',
  }),
  enableAllTopicList: setting.boolean({
    default: true,
    mutable: true,
    help: 'Answer requests for the list of all topics.',
  }),
  enableTopicList: setting.boolean({
    default: true,
    mutable: true,
    help: 'Answer requests for the topics of a cluster and for the unit topic lists.',
  }),
  notifyMinBrokerIdChanged: setting.boolean({
    default: false,
    mutable: true,
    help: 'Tell the members of a broker group when its lowest broker id changes.',
  }),
  needWaitForService: setting.boolean({
    default: false,
    mutable: true,
    help: 'Refuse route requests for waitSecondsForService after the start.',
  }),
  waitSecondsForService: setting.int({
    default: 45,
    min: 0,
    unit: 's',
    mutable: true,
    help: 'Length of that refusal.',
  }),
  deleteTopicWithBrokerRegistration: setting.boolean({
    default: false,
    mutable: true,
    help: 'A registration also removes the topics that the broker no longer lists.',
  }),
  configBlackList: setting.string({
    default: 'configBlackList;configStorePath;kvConfigPath',
    help: 'Settings, separated by semicolons, that UPDATE_NAMESRV_CONFIG refuses besides those that are never mutable.',
  }),
  enableControllerInNamesrv: setting.boolean({
    default: false,
    help: 'Run a controller inside; not served by this version, true refuses to start.',
  }),
  clientRequestThreadPoolNums: setting.int({
    default: 8,
    min: 1,
    help: acceptedOnly('one event loop serves all requests'),
  }),
  defaultThreadPoolNums: setting.int({
    default: 16,
    min: 1,
    help: acceptedOnly('one event loop serves all requests'),
  }),
  clientRequestThreadPoolQueueCapacity: setting.int({
    default: 50_000,
    min: 1,
    help: acceptedOnly('no request queue'),
  }),
  defaultThreadPoolQueueCapacity: setting.int({
    default: 10_000,
    min: 1,
    help: acceptedOnly('no request queue'),
  }),
  listenPort: setting.int({
    default: 9876,
    min: 0,
    max: 65_535,
    help: 'Port that brokers and clients connect to; 0 takes any.',
  }),
  bindAddress: setting.string({
    default: '127.0.0.1',
    help: 'Address to listen on. Loopback unless chosen otherwise (Apache: 0.0.0.0); 0.0.0.0 serves other machines.',
  }),
  serverChannelMaxIdleTimeSeconds: setting.int({
    default: 120,
    min: 1,
    unit: 's',
    help: 'A connection without traffic for this long is closed.',
  }),
  ...tlsSettings,
  ...serializeTypeSetting,
  serverWorkerThreads: setting.int({
    default: 8,
    min: 1,
    help: acceptedOnly('one event loop serves all requests'),
  }),
  serverSelectorThreads: setting.int({
    default: 3,
    min: 1,
    help: acceptedOnly('one event loop serves all requests'),
  }),
  serverSocketBacklog: setting.int({
    default: 1024,
    min: 1,
    help: acceptedOnly('the runtime sets the backlog'),
  }),
  enableShutdownGracefully: setting.boolean({ default: false, help: acceptedOnly('shutdown always drains') }),
  shutdownWaitTimeSeconds: setting.int({
    default: 30,
    min: 0,
    unit: 's',
    help: 'Longest time a shutdown waits for answers to leave.',
  }),
});

/** Values of all settings, complete and checked. */
export type NamesrvSettings = SettingsOf<typeof namesrvSettings>;
