import { versionName } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const producerConnection = defineCommand({
  name: 'producerConnection',
  summary: "Query producer's socket connection and client version.",
  options: {
    group: required(text('g', 'producerGroup', 'producer group name')),
    topic: required(text('t', 'topic', 'topic name')),
  },
  run: async ({ group, topic }, { admin }) =>
    (await admin.clients.producerConnection(group, topic)).connectionSet,
  print(connections, { out }) {
    connections.forEach(({ clientId, clientAddr, language, version }, index) => {
      out.line('%04d  %-32s %-22s %-8s %s', index + 1, clientId, clientAddr, language, versionName(version));
    });
  },
});
