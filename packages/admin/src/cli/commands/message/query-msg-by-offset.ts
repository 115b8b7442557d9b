import { AdminError } from '../../../errors.js';
import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';
import { showMessage } from './query-msg-by-id.js';

export const queryMsgByOffset = defineCommand({
  name: 'queryMsgByOffset',
  summary: 'Query Message by offset.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    brokerName: required(text('b', 'brokerName', 'Broker Name')),
    queueId: required(integer('i', 'queueId', 'Queue Id')),
    offset: required(integer('o', 'offset', 'Queue Offset')),
    bodyFormat: text('f', 'bodyFormat', 'print message body by the specified format'),
  },
  async run({ topic, brokerName, queueId, offset, bodyFormat }, context) {
    await using reader = await context.admin.messages.openReader();
    const { messages, minOffset, maxOffset } = await reader.pull({ topic, brokerName, queueId }, offset, {
      maxMsgNums: 1,
    });
    const [message] = messages;
    if (message === undefined) {
      const range = `its offsets are ${minOffset} up to, not including, ${maxOffset}`;
      throw new AdminError('NO_MESSAGE', `the queue has no message at offset ${offset}, ${range}`);
    }
    await showMessage(message, context, bodyFormat);
  },
});
