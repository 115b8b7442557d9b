import { brokerTargets, forEach } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { integer, oneOf, required, text } from '../../option.js';

export const setConsumeMode = defineCommand({
  name: 'setConsumeMode',
  summary: 'Set consume message mode. pull/pop etc.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'create subscription group to which broker'),
    clusterName: text('c', 'clusterName', 'create subscription group to which cluster'),
    topic: required(text('t', 'topicName', 'topic name')),
    consumerGroup: required(text('g', 'groupName', 'consumer group name')),
    mode: required(oneOf('m', 'mode', 'consume mode. PULL/POP', ['PULL', 'POP'])),
    popShareQueueNum: integer('q', 'popShareQueueNum', 'num of queue which share in pop mode'),
  },
  async run({ brokerAddr, clusterName, topic, consumerGroup, mode, popShareQueueNum = 0 }, context) {
    const { admin, out } = context;
    await forEach(await brokerTargets({ brokerAddr, clusterName }, context), context, async (address) => {
      await admin.groups.setRequestMode(address, { topic, consumerGroup, mode, popShareQueueNum });
      out.line('set consume mode to %s success.', address);
    });
    const text = 'topic[%s] group[%s] consume mode[%s] popShareQueueNum[%d]';
    out.line(text, topic, consumerGroup, mode, popShareQueueNum);
  },
});
