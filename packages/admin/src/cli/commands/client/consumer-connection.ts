import { versionName } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const consumerConnection = defineCommand({
  name: 'consumerConnection',
  summary: "Query consumer's socket connection, client version and subscription.",
  options: {
    group: required(text('g', 'consumerGroup', 'consumer group name')),
    brokerAddr: text('b', 'brokerAddr', 'broker address'),
  },
  run: ({ group, brokerAddr }, { admin }) => admin.clients.consumerConnection(group, brokerAddr),
  print(connection, { out }) {
    out.line('%-36s %-22s %-10s %s', '#ClientId', '#ClientAddr', '#Language', '#Version');
    for (const { clientId, clientAddr, language, version } of connection.connectionSet) {
      out.line('%-36s %-22s %-10s %s', clientId, clientAddr, language, versionName(version));
    }
    out.line();
    out.line('Below is subscription:');
    out.line('%-20s %s', '#Topic', '#SubExpression');
    for (const { topic, subString } of Object.values(connection.subscriptionTable)) {
      out.line('%-20s %s', topic, subString);
    }
    out.line();
    out.line('ConsumeType: %s', connection.consumeType ?? 'null');
    out.line('MessageModel: %s', connection.messageModel ?? 'null');
    out.line('ConsumeFromWhere: %s', connection.consumeFromWhere ?? 'null');
  },
});
