import { JavaDouble, compareMessageQueue } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';
import { cut } from '../../printf.js';
import { toMillis } from '../../timestamps.js';

export const topicStatus = defineCommand({
  name: 'topicStatus',
  summary: 'Examine topic Status info.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    cluster: text('c', 'cluster', 'cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ topic, cluster }, { admin }) {
    const { offsetTable, topicPutTps = 0 } = await admin.topics.stats(topic, cluster ?? topic);
    const queues = [...offsetTable]
      .sort(([a], [b]) => compareMessageQueue(a, b))
      .map(([queue, offsets]) => ({ ...queue, ...offsets }));
    return { queues, topicPutTps };
  },
  print({ queues, topicPutTps }, { out, host }) {
    out.line(
      '%-32s  %-4s  %-20s  %-20s    %s',
      '#Broker Name',
      '#QID',
      '#Min Offset',
      '#Max Offset',
      '#Last Updated',
    );
    for (const { brokerName, queueId, minOffset, maxOffset, lastUpdateTimestamp } of queues) {
      const updated = lastUpdateTimestamp > 0 ? toMillis(lastUpdateTimestamp, host) : '';
      out.line(
        '%-32s  %-4d  %-20d  %-20d    %s',
        cut(brokerName, 32),
        queueId,
        minOffset,
        maxOffset,
        updated,
      );
    }
    out.line();
    out.line('Topic Put TPS: %s', String(new JavaDouble(topicPutTps)));
  },
});
