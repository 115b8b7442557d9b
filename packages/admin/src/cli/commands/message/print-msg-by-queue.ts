import { MessageConst } from '@mq/remoting/message';
import { defineCommand } from '../../command.js';
import { messageLine } from '../../message-text.js';
import { bool, integer, required, text } from '../../option.js';
import { offsetsOf, readQueue } from '../../print-queue.js';

export const printMsgByQueue = defineCommand({
  name: 'printMsgByQueue',
  summary: 'Print Message Detail by queueId.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    brokerName: required(text('a', 'brokerName', 'broker name')),
    queueId: required(integer('i', 'queueId', 'queue id')),
    charset: text('c', 'charsetName', 'CharsetName(eg: UTF-8,GBK)'),
    expression: text('s', 'subExpression', 'Subscribe Expression(eg: TagA || TagB)'),
    begin: text('b', 'beginTimestamp', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    end: text('e', 'endTimestamp', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    printMsg: bool('p', 'printMsg', 'print msg. eg: true | false(default)'),
    printBody: bool('d', 'printBody', 'print body. eg: true | false(default)'),
    calculate: bool('f', 'calculate', 'calculate by tag. eg: true | false(default)'),
  },
  async run(options, { admin, out, host }) {
    const { topic, brokerName, queueId, charset, expression, begin, end } = options;
    const format = { withBody: options.printBody ?? false, ...(charset === undefined ? {} : { charset }) };
    await using reader = await admin.messages.openReader();
    const queue = { topic, brokerName, queueId };
    // The reader finds a queue's broker by the topic's route.
    await reader.fetchMessageQueues(topic);
    const range = await offsetsOf(reader, queue, { begin, end }, host);
    const countByTag = new Map<string, number>();
    for await (const { messages } of readQueue(reader, queue, range, expression)) {
      for (const message of messages) {
        const tag = message.properties[MessageConst.TAGS];
        if (tag !== undefined) countByTag.set(tag, (countByTag.get(tag) ?? 0) + 1);
        if (options.printMsg === true) out.line('%s', messageLine(message, format));
      }
    }
    if (options.calculate !== true) return;
    for (const [tag, count] of [...countByTag].sort(([, a], [, b]) => b - a)) {
      out.line('Tag: %-30s Count: %s', tag, count);
    }
  },
});
