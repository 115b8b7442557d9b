import { AdminError } from '../../../errors.js';
import { masterAddress } from '../../../operations/broker-address.js';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { topicText } from '../../config-text.js';
import { integer, required, text } from '../../option.js';

export const updateTopicPerm = defineCommand({
  name: 'updateTopicPerm',
  summary: 'Update topic perm.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'create topic to which broker'),
    clusterName: text('c', 'clusterName', 'create topic to which cluster'),
    topic: required(text('t', 'topic', 'topic name')),
    perm: required(integer('p', 'perm', "set topic's permission(2|4|6), intro[2:W; 4:R; 6:RW]")),
  },
  async run({ topic, perm, brokerAddr, clusterName }, context) {
    const { admin, out } = context;
    const { queueDatas, brokerDatas } = await admin.topics.route(topic);
    for (const address of await brokerTargets({ brokerAddr, clusterName }, context)) {
      const broker = brokerDatas.find((candidate) => masterAddress(candidate) === address);
      const queues = queueDatas.find(({ brokerName }) => brokerName === broker?.brokerName);
      if (queues === undefined) {
        if (brokerAddr === undefined) continue;
        throw new AdminError('BROKER_NOT_FOUND', `${address} is no master of the topic "${topic}"`);
      }
      if (queues.perm === perm) {
        out.line('new perm equals to the old one!');
        continue;
      }
      const { readQueueNums, writeQueueNums, topicSysFlag } = queues;
      const change = { topicName: topic, readQueueNums, writeQueueNums, topicSysFlag, perm };
      const updated = await admin.topics.createOrUpdate(address, change);
      out.line('update topic perm from %s to %s in %s success.', queues.perm, perm, address);
      if (brokerAddr !== undefined) out.line('%s.', topicText(updated));
    }
  },
});
