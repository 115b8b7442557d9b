import { messageQueueText } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { messageLine } from '../../message-text.js';
import { bool, required, text } from '../../option.js';
import { offsetsOf, readQueue } from '../../print-queue.js';

export const printMsg = defineCommand({
  name: 'printMsg',
  summary: 'Print Message Detail.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    charset: text('c', 'charsetName', 'CharsetName(eg: UTF-8,GBK)'),
    expression: text('s', 'subExpression', 'Subscribe Expression(eg: TagA || TagB)'),
    begin: text('b', 'beginTimestamp', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    end: text('e', 'endTimestamp', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    printBody: bool('d', 'printBody', 'print body'),
    lmqParentTopic: text('l', 'lmqParentTopic', 'Lmq parent topic, lmq is used to find the route.'),
  },
  async run(
    { topic, charset, expression, begin, end, printBody = true, lmqParentTopic },
    { admin, out, host },
  ) {
    await using reader = await admin.messages.openReader();
    const queues = await reader.fetchMessageQueues(lmqParentTopic ?? topic);
    for (const queue of queues.map((each) => ({ ...each, topic }))) {
      const range = await offsetsOf(reader, queue, { begin, end }, host);
      const name = messageQueueText(queue);
      out.line('minOffset=%s, maxOffset=%s, %s', range.minOffset, range.maxOffset, name);
      for await (const { status, messages, nextOffset } of readQueue(reader, queue, range, expression)) {
        const format = { withBody: printBody, ...(charset === undefined ? {} : { charset }) };
        for (const message of messages) out.line('%s', messageLine(message, format));
        if (status === 'NO_MATCHED_MSG')
          out.line('%s no matched msg. status=%s, offset=%s', name, status, nextOffset);
        else if (status !== 'FOUND')
          out.line('%s print msg finished. status=%s, offset=%s', name, status, nextOffset);
      }
      out.line('-'.repeat(56));
    }
  },
});
