import { isAdminError } from '../../../errors.js';
import { defineCommand } from '../../command.js';
import { bool, required, text } from '../../option.js';
import { printOffsets, printRollback } from '../../reset-tables.js';

/** How a reset is told to go to the end of each queue. */
const END_OF_QUEUE = -1;

export const skipAccumulatedMessage = defineCommand({
  name: 'skipAccumulatedMessage',
  summary: 'Skip all messages that are accumulated (not consumed) currently.',
  options: {
    group: required(text('g', 'group', 'set the consumer group')),
    topic: required(text('t', 'topic', 'set the topic')),
    force: bool('f', 'force', 'set the force rollback by timestamp switch[true|false]'),
    cluster: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ group, topic, force = true, cluster }, { admin, out }) {
    const route = cluster === undefined ? {} : { routeTopic: cluster };
    const reset = { group, topic, timestampMs: END_OF_QUEUE, force, ...route };
    try {
      printOffsets(await admin.offsets.resetByTime(reset), out);
    } catch (error) {
      if (!isAdminError(error) || error.code !== 'GROUP_NOT_ONLINE') throw error;
      printRollback(await admin.offsets.resetOfflineByTime(reset), '#rollbackOffset', out);
    }
  },
});
