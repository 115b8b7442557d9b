import { defineCommand } from '../../command.js';
import { bool, integer, required, text } from '../../option.js';
import { UsageError } from '@mq/remoting/settings';

export const sendMessage = defineCommand({
  name: 'sendMessage',
  summary: 'Send a message.',
  options: {
    topic: required(text('t', 'topic', 'Topic name')),
    body: required(text('p', 'body', 'UTF-8 string format of the message body')),
    key: text('k', 'key', 'Message keys'),
    tags: text('c', 'tags', 'Message tags'),
    broker: text('b', 'broker', 'Send message to target broker'),
    queueId: integer('i', 'qid', 'Send message to target queue'),
    trace: bool('m', 'msgTraceEnable', 'Message Trace Enable, Default: false. Ignored.'),
  },
  async run({ topic, body, key, tags, broker, queueId }, { admin }) {
    if (queueId !== undefined && broker === undefined) {
      throw new UsageError('Broker name must be set if the queue is chosen!');
    }
    const message = {
      ...{ topic, body },
      ...(key === undefined ? {} : { keys: key }),
      ...(tags === undefined ? {} : { tags }),
    };
    const queue =
      broker === undefined || queueId === undefined ? undefined : { topic, brokerName: broker, queueId };
    return admin.probes.send(message, queue);
  },
  print({ messageQueue, status, msgId }, { out }) {
    const columns = '%-32s  %-4s  %-20s    %s';
    out.line(columns, '#Broker Name', '#QID', '#Send Result', '#MsgId');
    out.line(columns, messageQueue.brokerName, messageQueue.queueId, status, msgId);
  },
});
