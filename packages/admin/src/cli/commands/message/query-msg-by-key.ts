import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';

export const queryMsgByKey = defineCommand({
  name: 'queryMsgByKey',
  summary: 'Query Message by Key.',
  options: {
    topic: required(text('t', 'topic', 'Topic name')),
    msgKey: required(text('k', 'msgKey', 'Message Key')),
    beginMs: integer('b', 'beginTimestamp', 'Begin timestamp(ms). default:0, eg:1676730526212'),
    endMs: integer('e', 'endTimestamp', 'End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212'),
    maxNum: integer('m', 'maxNum', 'The maximum number of messages returned by the query, default:64'),
    clusterName: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ topic, msgKey, ...query }, { admin }) {
    const messages = await admin.messages.byKey(topic, msgKey, query);
    return messages.map(({ msgId, brokerName, queueId, queueOffset, storeTimestamp }) => ({
      ...{ msgId, brokerName, queueId, queueOffset, storeTimestamp },
    }));
  },
  print(messages, { out }) {
    out.line('%-50s %4s %40s', '#Message ID', '#QID', '#Offset');
    for (const { msgId, queueId, queueOffset } of messages)
      out.line('%-50s %4d %40d', msgId, queueId, queueOffset);
  },
});
