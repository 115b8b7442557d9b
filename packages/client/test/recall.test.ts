import { RemotingCommand } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { Producer } from '../src/index.js';
import { refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

const HANDLE = Buffer.from('v1 T broker-a 1800000000001 ID1').toString('base64url');

let cluster: FakeCluster;
let producer: Producer;

beforeEach(async () => {
  cluster = await FakeCluster.start({ topics: { T: 1 } });
  producer = new Producer({ nameServers: cluster.nameServers, producerGroup: 'P' });
  await producer.start();
});

afterEach(async () => {
  await producer.close();
  await cluster.close();
});

test('a recall goes to the broker of its handle and resolves with the id of the message', async () => {
  cluster.broker.answer(RequestCode.RECALL_MESSAGE, () =>
    RemotingCommand.response(ResponseCode.SUCCESS, undefined, { msgId: 'ID1' }),
  );
  await expect(producer.recall('T', HANDLE)).resolves.toBe('ID1');
  const [request] = cluster.broker.requests(RequestCode.RECALL_MESSAGE);
  expect({ ...request?.ext }).toEqual({
    producerGroup: 'P',
    topic: 'T',
    recallHandle: HANDLE,
    bname: 'broker-a',
  });
});

test.each([
  [ResponseCode.NO_PERMISSION, 'NO_PERMISSION'],
  [ResponseCode.ILLEGAL_OPERATION, 'SERVER_REFUSED'],
] as const)('a refusal with code %i rejects with %s', async (code, expected) => {
  cluster.broker.answer(RequestCode.RECALL_MESSAGE, () => refuse(code, 'recall failed'));
  await expect(producer.recall('T', HANDLE)).rejects.toMatchObject({ code: expected, responseCode: code });
});

test.each([
  ['a handle that is none', 'T', Buffer.from('v2 T b 1 x').toString('base64url')],
  ['an empty handle', 'T', ''],
  ['a retry topic', '%RETRY%G', HANDLE],
])('%s is refused before anything is sent', async (_, topic, handle) => {
  await expect(producer.recall(topic, handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(cluster.broker.requests(RequestCode.RECALL_MESSAGE)).toHaveLength(0);
});

test('an answer that names no message is a bad one', async () => {
  cluster.broker.answer(RequestCode.RECALL_MESSAGE, () => RemotingCommand.response(ResponseCode.SUCCESS));
  await expect(producer.recall('T', HANDLE)).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
});

test('the result of a send tells the handle that the broker gave', async () => {
  cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () =>
    RemotingCommand.response(ResponseCode.SUCCESS, undefined, {
      msgId: 'O1',
      queueId: '0',
      queueOffset: '0',
      recallHandle: HANDLE,
    }),
  );
  const result = await producer.send({ topic: 'T', body: 'x', delaySec: 60 });
  expect(result.recallHandle).toBe(HANDLE);
});
