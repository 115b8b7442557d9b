import { compareMessageQueue } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { bool, integer, required, text } from '../../option.js';
import { cut } from '../../printf.js';
import { toSeconds } from '../../timestamps.js';

export const brokerConsumeStats = defineCommand({
  name: 'brokerConsumeStats',
  summary: 'Fetch broker consume stats data.',
  options: {
    brokerAddr: required(text('b', 'brokerAddr', 'Broker address')),
    timeoutMillis: integer('t', 'timeoutMillis', 'request timeout Millis'),
    level: integer('l', 'level', 'threshold of print diff'),
    order: bool('o', 'order', 'order topic'),
  },
  async run({ brokerAddr, timeoutMillis = 50_000, level = 0, order = false }, { admin }) {
    const stats = await admin.brokers.consumeStats(brokerAddr, { isOrder: order, timeoutMs: timeoutMillis });
    const queues = stats.consumeStatsList
      .flatMap((groups) => Object.entries(groups))
      .flatMap(([group, ofTopics]) => ofTopics.map(({ offsetTable }) => ({ group, offsetTable })))
      .flatMap(({ group, offsetTable }) =>
        [...offsetTable]
          .sort(([a], [b]) => compareMessageQueue(a, b))
          .map(([queue, { brokerOffset, consumerOffset, lastTimestamp }]) => ({
            ...{ group, ...queue, brokerOffset, consumerOffset, lastTimestamp },
            diff: brokerOffset - consumerOffset,
          })),
      )
      // Upstream leaves out queues of which nothing was consumed yet.
      .filter(({ diff, lastTimestamp }) => diff >= level && lastTimestamp > 0);
    return { queues, diffTotal: stats.totalDiff };
  },
  print({ queues, diffTotal }, { out, host }) {
    const columns = '%-64s  %-64s  %-32s  %-4s  %-20s  %-20s  %-20s  %s';
    const titles = [
      '#Topic',
      '#Group',
      '#Broker Name',
      '#QID',
      '#Broker Offset',
      '#Consumer Offset',
      '#Diff',
    ];
    out.line(columns, ...titles, '#LastTime');
    for (const {
      topic,
      group,
      brokerName,
      queueId,
      brokerOffset,
      consumerOffset,
      diff,
      lastTimestamp,
    } of queues) {
      const names = [cut(topic, 64), group, cut(brokerName, 32)];
      out.line(
        columns,
        ...names,
        queueId,
        brokerOffset,
        consumerOffset,
        diff,
        toSeconds(lastTimestamp, host),
      );
    }
    out.line();
    out.line('Diff Total: %d', diffTotal);
  },
});
