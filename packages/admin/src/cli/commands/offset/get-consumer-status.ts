import { compareMessageQueue } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';
import { cut } from '../../printf.js';

export const getConsumerStatus = defineCommand({
  name: 'getConsumerStatus',
  summary: 'get consumer status from client.',
  options: {
    group: required(text('g', 'group', 'set the consumer group')),
    topic: required(text('t', 'topic', 'set the topic')),
    originClientId: text('i', 'originClientId', 'set the consumer clientId'),
  },
  async run({ group, topic, originClientId }, { admin }) {
    const members = await admin.offsets.ofMembers(topic, group, originClientId);
    return Object.entries(members).flatMap(([clientId, offsets]) =>
      [...offsets]
        .sort(([a], [b]) => compareMessageQueue(a, b))
        .map(([{ brokerName, queueId }, offset]) => ({ clientId, brokerName, queueId, offset })),
    );
  },
  print(rows, { out }) {
    const columns = '%-50s  %-15s  %-15s  %-20s';
    out.line(columns, '#clientId', '#brokerName', '#queueId', '#offset');
    for (const { clientId, brokerName, queueId, offset } of rows) {
      out.line(columns, cut(clientId, 50), cut(brokerName, 15), queueId, offset);
    }
  },
});
