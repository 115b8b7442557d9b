import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';
import { averageAfterFirst } from '../../send-times.js';

export const checkMsgSendRT = defineCommand({
  name: 'checkMsgSendRT',
  summary: 'Check message send response time.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    amount: integer('a', 'amount', 'message amount | default 100'),
    size: integer('s', 'size', 'message size | default 128 Byte'),
  },
  async run({ topic, amount = 100, size = 128 }, { admin, out }) {
    const columns = '%-32s  %-4s  %-20s    %s';
    out.line(columns, '#Broker Name', '#QID', '#Send Result', '#RT');
    const times: number[] = [];
    for await (const { messageQueue, elapsedMs, error } of admin.probes.measure(topic, {
      count: amount,
      body: 'a'.repeat(size),
    })) {
      times.push(elapsedMs);
      out.line(
        columns,
        messageQueue.brokerName,
        messageQueue.queueId,
        error === undefined,
        Math.round(elapsedMs),
      );
    }
    out.line('Avg RT: %.2f', averageAfterFirst(times));
  },
});
