// Requests and replies over two brokers: each reply finds who asked, also through a broker that the request never saw.
import { createReply, type ReceivedMessage } from '@mq/client';
import { replyTopic } from '@mq/remoting/protocol';
import { TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start('broker-a', 'broker-b');
});
afterEach(() => cluster.close());

/** Answers each request of the topic; `by`: through this broker, whichever the request came by. */
async function answerAll(topic: string, by?: string): Promise<void> {
  const replies = await cluster.producer({ producerGroup: 'R' });
  const consumer = cluster.consumer();
  consumer.subscribe(topic, '*', async ([request]) => {
    const asked = request as ReceivedMessage;
    const reply = createReply(asked, `reply to ${asked.body.toString()}`);
    const queue =
      by === undefined ? {} : { messageQueue: { topic: reply.topic, brokerName: by, queueId: 0 } };
    await replies.send(reply, queue);
  });
  await cluster.use(consumer);
}

/** Messages of a topic on a broker, which stores replies as well. */
function countAt(brokerName: string, topic: string): number {
  const { store } = cluster.broker(brokerName).parts;
  return store.queueIds(topic).reduce((sum, id) => sum + store.maxOffsetInQueue(topic, id), 0);
}

/** Requests and replies at each broker, once every request has its reply there: it is stored behind the push. */
async function spread(): Promise<[requests: number, replies: number][]> {
  const counts = (): [number, number][] =>
    [...cluster.brokers.keys()].map((name) => [
      countAt(name, 'Ask'),
      countAt(name, replyTopic('DefaultCluster')),
    ]);
  const missing = (): number => counts().reduce((sum, [requests, replies]) => sum + requests - replies, 0);
  while (missing() > 0) await new Promise(setImmediate);
  return counts();
}

const QUESTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

test('every request gets its own reply, by the broker that it went to', async () => {
  for (const name of ['broker-a', 'broker-b']) await cluster.createTopic('Ask', name, 1);
  await answerAll('Ask');
  const requester = await cluster.producer();
  const answers = await Promise.all(QUESTIONS.map((body) => requester.request({ topic: 'Ask', body })));
  expect(answers.map(({ body }) => body.toString())).toEqual(QUESTIONS.map((body) => `reply to ${body}`));
  expect(await spread()).toEqual([
    [4, 4],
    [4, 4],
  ]);
});

test('a reply through a broker that the requester never sends to finds it as well', async () => {
  await cluster.createTopic('Ask', 'broker-b');
  await answerAll('Ask', 'broker-a');
  const requester = await cluster.producer();
  const answer = await requester.request({ topic: 'Ask', body: 'who?' });
  expect(answer.body.toString()).toBe('reply to who?');
  expect(await spread()).toEqual([
    [0, 1],
    [1, 0],
  ]);
});
