// The trace of a recall, from the producer through the broker into the trace topic.
import { Producer, decodeTraces } from '@mq/client';

import { startTestBroker, type TestBroker } from '../src/index.js';

const TRACE = 'RMQ_SYS_TRACE_TOPIC';

async function recordsIn(broker: TestBroker): Promise<{ keys: string | undefined; data: string }[]> {
  const messages = await broker.messages(TRACE);
  return messages.map(({ properties, body }) => ({ keys: properties['KEYS'], data: body.toString() }));
}

test('a recall and a refused one leave traces that are found by the id of the message', async () => {
  const settings = { recallMessageEnable: true, regionId: 'north', traceTopicEnable: true };
  await using broker = await startTestBroker({ topics: ['orders'], settings });
  const producer = new Producer({
    nameServers: broker.nameServers,
    producerGroup: 'shop',
    enableTrace: true,
  });
  await producer.start();
  const { msgId, recallHandle } = await producer.send({ topic: 'orders', body: 'x', delaySec: 3600 });
  await expect(producer.recall('orders', recallHandle ?? '')).resolves.toBe(msgId);
  broker.controller.settings.update({ recallMessageEnable: 'false' });
  await expect(producer.recall('orders', recallHandle ?? '')).rejects.toMatchObject({
    code: 'NO_PERMISSION',
  });
  await producer.close();

  const [{ keys, data } = { keys: '', data: '' }, ...others] = await recordsIn(broker);
  expect([keys, others]).toEqual([msgId, []]);
  const recalls = data.split('\u0002').filter((record) => record.startsWith('Recall'));
  expect(recalls.map((record) => record.replace(/\d{13}/, 'TIME').split('\u0001'))).toEqual([
    ['Recall', 'TIME', 'north', 'shop', 'orders', msgId, 'true'],
    ['Recall', 'TIME', 'north', 'shop', 'orders', msgId, 'false'],
  ]);
  expect(decodeTraces(data).map(({ type }) => type)).toEqual(['Pub', 'Recall', 'Recall']);
});

test('a recall without trace leaves none', async () => {
  const settings = { recallMessageEnable: true, traceTopicEnable: true };
  await using broker = await startTestBroker({ topics: ['orders'], settings });
  await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'shop' });
  await producer.start();
  const { recallHandle } = await producer.send({ topic: 'orders', body: 'x', delaySec: 3600 });
  await producer.recall('orders', recallHandle ?? '');
  await producer.close();
  expect(await recordsIn(broker)).toEqual([]);
});
