import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const topicClusterList = defineCommand({
  name: 'topicClusterList',
  summary: 'Get cluster info for topic.',
  options: { topic: required(text('t', 'topic', 'topic name')) },
  run: ({ topic }, { admin }) => admin.topics.clustersOf(topic),
  print(clusters, { out }) {
    for (const cluster of clusters) out.line('%s', cluster);
  },
});
