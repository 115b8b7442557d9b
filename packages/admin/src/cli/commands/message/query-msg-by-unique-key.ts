import { defineCommand } from '../../command.js';
import { consumeDirectly } from '../../consume-directly.js';
import { messageFields, printTracks, saveBody } from '../../message-text.js';
import { flag, required, text } from '../../option.js';

export const queryMsgByUniqueKey = defineCommand({
  name: 'queryMsgByUniqueKey',
  summary: 'Query Message by Unique key.',
  options: {
    msgId: required(text('i', 'msgId', 'Message Id')),
    consumerGroup: text('g', 'consumerGroup', 'consumer group name'),
    clientId: text('d', 'clientId', "The consumer's client id"),
    topic: required(text('t', 'topic', 'The topic of msg')),
    showAll: flag('a', 'showAll', 'Print all message, the limit is 32'),
    clusterName: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ msgId, consumerGroup, clientId, topic, showAll, clusterName }, context) {
    const { admin, out, host } = context;
    const found = await admin.messages.byUniqueKey(topic, msgId, { maxNum: 32, clusterName });
    found.sort((a, b) => a.storeTimestamp - b.storeTimestamp);
    for (const [index, message] of found.entries()) {
      if (index > 0 && !showAll) break;
      if (consumerGroup !== undefined && clientId !== undefined) {
        await consumeDirectly(consumerGroup, clientId, message, context);
        continue;
      }
      for (const line of messageFields(message, saveBody(message, host, index), host)) out.line('%s', line);
      printTracks(await admin.tracks.of(message), context);
    }
  },
});
