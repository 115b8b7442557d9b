import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const producer = defineCommand({
  name: 'producer',
  summary: "Query producer's instances, connection, status, etc.",
  options: { broker: required(text('b', 'broker', 'broker address')) },
  run: ({ broker }, { admin }) => admin.clients.producers(broker),
  print(groups, { out }) {
    for (const [group, instances] of Object.entries(groups)) {
      if (instances.length === 0) out.line('producer group (%s) instances are empty', group);
      for (const { clientId, remoteIP, language, version, lastUpdateTimestamp } of instances) {
        out.line(
          'producer group (%s) instance : clientId=%s,remoteIP=%s, language=%s, version=%d, lastUpdateTimestamp=%d',
          ...[group, clientId, remoteIP, language, version, lastUpdateTimestamp],
        );
      }
    }
  },
});
