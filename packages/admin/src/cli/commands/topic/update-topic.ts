import { TopicSysFlag } from '@mq/remoting/protocol';
import { completeTopic, parseAttributes, type TopicChange } from '../../../operations/topics.js';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { topicText } from '../../config-text.js';
import { bool, integer, required, text } from '../../option.js';

export const updateTopic = defineCommand({
  name: 'updateTopic',
  summary: 'Update or create topic.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'create topic to which broker'),
    clusterName: text('c', 'clusterName', 'create topic to which cluster'),
    attributes: text('a', 'attributes', 'attribute(+a=b,+c=d,-e)'),
    topic: required(text('t', 'topic', 'topic name')),
    readQueueNums: integer('r', 'readQueueNums', 'set read queue nums'),
    writeQueueNums: integer('w', 'writeQueueNums', 'set write queue nums'),
    perm: integer('p', 'perm', "set topic's permission(2|4|6), intro[2:W 4:R; 6:RW]"),
    order: bool('o', 'order', "set topic's order(true|false)"),
    unit: bool('u', 'unit', 'is unit topic (true|false)'),
    hasUnitSub: bool('s', 'hasUnitSub', 'has unit sub (true|false)'),
  },
  async run(options, context) {
    const { admin, out } = context;
    const { topic: topicName, order = false, brokerAddr, clusterName } = options;
    const change: TopicChange = {
      topicName,
      readQueueNums: options.readQueueNums ?? 8,
      writeQueueNums: options.writeQueueNums ?? 8,
      perm: options.perm ?? 6,
      topicSysFlag:
        (options.unit === true ? TopicSysFlag.FLAG_UNIT : 0) |
        (options.hasUnitSub === true ? TopicSysFlag.FLAG_UNIT_SUB : 0),
      order,
      attributes: parseAttributes(options.attributes ?? ''),
    };
    const topic = completeTopic(change);
    for (const address of await brokerTargets({ brokerAddr, clusterName }, context)) {
      await admin.topics.createOrUpdate(address, change);
      out.line('create topic to %s success.', address);
    }
    if (order && brokerAddr !== undefined) {
      const brokerName = await admin.cluster.brokerNameOf(brokerAddr);
      await admin.nameServers.mergeOrderConf(topicName, brokerName, topic.writeQueueNums);
      out.line(
        'set broker orderConf. isOrder=%s, orderConf=[%s:%d]',
        order,
        brokerName,
        topic.writeQueueNums,
      );
    } else if (order) {
      const members = await admin.cluster.members(clusterName);
      const names = new Set(members.map(({ brokerName }) => brokerName));
      const orderConf = [...names].map((brokerName) => `${brokerName}:${topic.writeQueueNums}`).join(';');
      await admin.nameServers.putOrderConf(topicName, orderConf);
      out.line('set cluster orderConf. isOrder=%s, orderConf=[%s]', order, orderConf);
    }
    out.line('%s', topicText(topic));
  },
});
