import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const deleteTopic = defineCommand({
  name: 'deleteTopic',
  summary: 'Delete topic from broker and NameServer.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    clusterName: required(text('c', 'clusterName', 'delete topic from which cluster')),
  },
  async run({ topic, clusterName }, { admin, out }) {
    for (const address of await admin.cluster.masters(clusterName)) {
      await admin.topics.deleteFromBroker(address, topic);
    }
    out.line('delete topic [%s] from cluster [%s] success.', topic, clusterName);
    await admin.topics.deleteFromNameServers(topic, clusterName);
    out.line('delete topic [%s] from NameServer success.', topic);
  },
});
