import { dlqTopic, retryTopic } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { bool, required, text } from '../../option.js';
import { UsageError } from '@mq/remoting/settings';

export const deleteSubGroup = defineCommand({
  name: 'deleteSubGroup',
  summary: 'Delete subscription group from broker.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'delete subscription group from which broker'),
    clusterName: text('c', 'clusterName', 'delete subscription group from which cluster'),
    groupName: required(text('g', 'groupName', 'subscription group name')),
    removeOffset: bool('r', 'removeOffset', 'remove offset'),
  },
  async run({ brokerAddr, clusterName, groupName, removeOffset = false }, { admin, out }) {
    if (brokerAddr !== undefined) {
      await admin.groups.delete(brokerAddr, groupName, { removeOffset });
      out.line('delete subscription group [%s] from broker [%s] success.', groupName, brokerAddr);
      return;
    }
    if (clusterName === undefined) throw new UsageError('name a broker or a cluster');
    for (const address of await admin.cluster.masters(clusterName)) {
      await admin.groups.delete(address, groupName, { removeOffset });
      const text = 'delete subscription group [%s] from broker [%s] in cluster [%s] success.';
      out.line(text, groupName, address, clusterName);
    }
    for (const topic of [retryTopic(groupName), dlqTopic(groupName)]) {
      for (const address of await admin.cluster.addresses(clusterName)) {
        await admin.topics.deleteFromBroker(address, topic);
      }
      await admin.topics.deleteFromNameServers(topic);
      await admin.nameServers.deleteOrderConf(topic);
    }
  },
});
