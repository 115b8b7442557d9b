import { stringifyFastjson } from '@mq/remoting/protocol';
import { isMaster } from '../../../operations/cluster.js';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';
import { nameServersOf } from '../namesrv/namesrv-config.js';
import { DEFAULT_EXPORT_FOLDER } from './export-folder.js';

const EXPORTED = [
  'brokerClusterName',
  'brokerId',
  'brokerName',
  'brokerRole',
  'fileReservedTime',
  'filterServerNums',
  'flushDiskType',
  'maxMessageSize',
  'messageDelayLevel',
  'msgTraceTopicName',
  'slaveReadEnable',
  'traceOn',
  'traceTopicEnable',
  'useTLS',
  'autoCreateTopicEnable',
  'autoCreateSubscriptionGroup',
] as const;

export const exportConfigs = defineCommand({
  name: 'exportConfigs',
  summary: 'Export configs.',
  options: {
    clusterName: required(text('c', 'clusterName', 'choose a cluster to export')),
    filePath: text('f', 'filePath', `export configs.json path | default ${DEFAULT_EXPORT_FOLDER}`),
  },
  async run({ clusterName, filePath = DEFAULT_EXPORT_FOLDER }, { admin, out, host }) {
    const members = await admin.cluster.members(clusterName);
    const masters = members.filter(isMaster);
    const brokerConfigs: Record<string, Record<string, string | undefined>> = {};
    for (const { brokerName, address } of masters) {
      const config = await admin.brokers.config(address);
      brokerConfigs[brokerName] = Object.fromEntries(EXPORTED.map((key) => [key, config.get(key)]));
    }
    const clusterScale = {
      namesrvSize: nameServersOf(admin).length,
      masterBrokerSize: masters.length,
      slaveBrokerSize: members.length - masters.length,
    };
    const path = `${filePath}/configs.json`;
    host.writeFile(path, stringifyFastjson({ brokerConfigs, clusterScale }, { pretty: true }));
    out.line('export %s success', path);
  },
});
