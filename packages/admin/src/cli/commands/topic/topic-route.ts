import { stringifyFastjson, type TopicRouteData } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { flag, required, text } from '../../option.js';
import type { Output } from '../../output.js';

const COLUMNS = '%-45s %-32s %-50s %-10s %-11s %-5s';

export const topicRoute = defineCommand({
  name: 'topicRoute',
  summary: 'Examine topic route info.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    list: flag('l', 'list', 'Use list format to print data'),
  },
  run: ({ topic }, { admin }) => admin.topics.route(topic),
  print(route, { out }, { list }) {
    if (list) printList(route, out);
    else out.line('%s', stringifyFastjson(route, { pretty: true }));
  },
});

function printList({ queueDatas, brokerDatas }: TopicRouteData, out: Output): void {
  const queues = new Map(queueDatas.map((queue) => [queue.brokerName, queue]));
  const brokers = [...brokerDatas].sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1));
  out.line(COLUMNS, '#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue', '#WriteQueue', '#Perm');
  let readQueues = 0;
  let writeQueues = 0;
  for (const { cluster = '', brokerName, brokerAddrs } of brokers) {
    const { readQueueNums = 0, writeQueueNums = 0, perm = 0 } = queues.get(brokerName) ?? {};
    readQueues += readQueueNums;
    writeQueues += writeQueueNums;
    const addresses = Array.from(brokerAddrs, ([id, address]) => `${id}=${address}`).join(', ');
    out.line(COLUMNS, cluster, brokerName, `{${addresses}}`, readQueueNums, writeQueueNums, perm);
  }
  out.line('-'.repeat(158));
  out.line(COLUMNS, 'Total:', queues.size, '', readQueues, writeQueues, '');
}
