import { stringifyFastjson } from '@mq/remoting/protocol';
import { AdminError } from '../../../errors.js';
import { masterAddress } from '../../../operations/broker-address.js';
import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';

const RULE = '='.repeat(38);

export const queryCq = defineCommand({
  name: 'queryCq',
  summary: 'Query cq command.',
  options: {
    topic: required(text('t', 'topic', 'topic name')),
    queueId: required(integer('q', 'queue', 'queue num, ie. 1')),
    index: required(integer('i', 'index', 'start queue index.')),
    count: integer('c', 'count', 'how many.'),
    broker: text('b', 'broker', 'broker addr.'),
    consumerGroup: text('g', 'consumer', 'consumer group.'),
  },
  async run({ topic, queueId, index, count = 10, broker, consumerGroup }, { admin }) {
    const query = { topic, queueId, index, count, ...(consumerGroup === undefined ? {} : { consumerGroup }) };
    return admin.brokers.consumeQueue(broker ?? (await firstMaster()), query);

    async function firstMaster(): Promise<string> {
      const [address] = (await admin.topics.route(topic)).brokerDatas.map(masterAddress);
      if (address === undefined)
        throw new AdminError('BROKER_NOT_FOUND', `no master holds the topic "${topic}"`);
      return address;
    }
  },
  print(answer, { out }, { index }) {
    if (answer.subscriptionData !== undefined) {
      out.line(
        'Subscription data: %n%s%n%s',
        stringifyFastjson(answer.subscriptionData, { pretty: true }),
        RULE,
      );
    }
    if (answer.filterData !== undefined) out.line('Filter data: %n%s%n%s', answer.filterData, RULE);
    out.line('Queue data: %nmax: %d, min: %d%n%s', answer.maxQueueIndex, answer.minQueueIndex, RULE);
    answer.queueData.forEach((entry, position) => {
      const {
        physicOffset,
        physicSize,
        tagsCode,
        extendDataJson = 'null',
        bitMap = 'null',
        msg = 'null',
      } = entry;
      out.line('idx: %d', index + position);
      out.line(
        "ConsumeQueueData{physicOffset=%d, physicSize=%d, tagsCode=%d, extendDataJson='%s', bitMap='%s', eval=%s, msg='%s'}",
        ...[physicOffset, physicSize, tagsCode, extendDataJson, bitMap, entry.eval, msg],
      );
      out.line(RULE);
    });
  },
});
