import { allocateAveragely } from '@mq/client';
import { compareMessageQueue, isReadable, stringifyFastjson, type MessageQueue } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { required, text } from '../../option.js';

export const allocateMQ = defineCommand({
  name: 'allocateMQ',
  summary: 'Allocate MQ.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    ipList: required(text('i', 'ipList', 'ipList')),
  },
  async run({ topic, ipList }, { admin }) {
    const { queueDatas } = await admin.topics.route(topic);
    const queues = queueDatas
      .filter(({ perm }) => isReadable(perm))
      .flatMap(({ brokerName, readQueueNums }) =>
        Array.from({ length: readQueueNums }, (_, queueId): MessageQueue => ({ topic, brokerName, queueId })),
      )
      .sort(compareMessageQueue);
    const members = ipList.split(',');
    const shares = members.map((ip) => [ip, allocateAveragely.allocate('', ip, queues, members)] as const);
    return { result: new Map(shares) };
  },
  print: (result, { out }) => out.line('%s', stringifyFastjson(result)),
});
