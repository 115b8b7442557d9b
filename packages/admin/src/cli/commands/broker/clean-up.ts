// Three commands that tell brokers to remove what is no longer needed.
import type { BrokerOperations } from '../../../operations/brokers.js';
import { forEach } from '../../broker-targets.js';
import { defineCommand, type Command } from '../../command.js';
import { text } from '../../option.js';

function cleanUp(
  name: string,
  summary: string,
  action: (brokers: BrokerOperations, address: string) => Promise<void>,
): Command {
  return defineCommand({
    name,
    summary,
    options: {
      brokerAddr: text('b', 'brokerAddr', 'Broker address'),
      cluster: text('c', 'cluster', 'cluster name; without it and a broker, every cluster'),
    },
    async run({ brokerAddr, cluster }, context) {
      const { admin, out } = context;
      const addresses =
        brokerAddr === undefined
          ? (await admin.cluster.members(cluster)).map(({ address }) => address)
          : [brokerAddr];
      await forEach(addresses, context, (address) => action(admin.brokers, address));
      out.line(out.hasProblems ? 'false' : 'success');
    },
  });
}

export const cleanExpiredCQ = cleanUp(
  'cleanExpiredCQ',
  'Clean expired ConsumeQueue on broker.',
  (brokers, address) => brokers.cleanExpiredConsumeQueues(address),
);

export const cleanUnusedTopic = cleanUp(
  'cleanUnusedTopic',
  'Clean unused topic on broker.',
  (brokers, address) => brokers.cleanUnusedTopics(address),
);

export const deleteExpiredCommitLog = cleanUp(
  'deleteExpiredCommitLog',
  'Delete expired CommitLog files.',
  (brokers, address) => brokers.deleteExpiredCommitLog(address),
);
