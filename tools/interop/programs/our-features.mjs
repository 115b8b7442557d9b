// Our client for the suite of client features: one task a run, JSON on standard output.
// Arguments: task nameServer topic ...
import { LitePullConsumer, Producer, PushConsumer, createReply } from '@mq/client';

const [task, nameServers, topic, ...rest] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const deadline = setTimeout(() => {
  console.error('out of time');
  process.exit(3);
}, 200_000);

const resources = [];
const opened = (resource) => {
  resources.push(resource);
  return resource;
};

const tasks = { ask, answer, traced, broadcast };
await tasks[task]();
// Consumers before the producers they reply with.
for (const resource of resources.reverse()) await resource.close();
clearTimeout(deadline);

/** ask COUNT: requests, one after the other. */
async function ask() {
  const producer = opened(new Producer({ nameServers, producerGroup: `${topic}-asks` }));
  await producer.start();
  for (let i = 0; i < Number(rest[0]); i++) {
    const reply = await producer.request({ topic, body: `question ${i}` }, { timeoutMs: 90_000 });
    say({ question: `question ${i}`, reply: reply.body.toString() });
  }
}

/** answer COUNT: replies until so many were asked. */
async function answer() {
  const replies = opened(new Producer({ nameServers, producerGroup: `${topic}-replies` }));
  await replies.start();
  let left = Number(rest[0]);
  const consumer = opened(
    new PushConsumer({
      nameServers,
      consumerGroup: `${topic}-answers`,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    }),
  );
  await new Promise((resolve, reject) => {
    consumer.subscribe(topic, '*', async ([message]) => {
      await replies.send(createReply(message, `reply to ${message.body.toString()}`));
      if (--left === 0) resolve();
    });
    consumer.start().then(() => console.log('answering'), reject);
  });
}

/** traced GROUP NAMESPACE|-|unit:NAME SENDCOUNT RECEIVECOUNT: sends and consumes with trace, the consumers push and lite pull. */
async function traced() {
  const [group, namespaceOrNone, sendCount, receiveCount] = rest;
  const unitName = namespaceOrNone.startsWith('unit:') ? namespaceOrNone.slice('unit:'.length) : undefined;
  const namespace = unitName !== undefined || namespaceOrNone === '-' ? undefined : namespaceOrNone;
  const common = {
    ...{ nameServers, namespace, unitName, unitMode: unitName !== undefined },
    ...{ enableTrace: true, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
  };
  const producer = opened(new Producer({ ...common, producerGroup: group }));
  await producer.start();
  for (let i = 0; i < Number(sendCount); i++) {
    const { msgId } = await producer.send({ topic, body: `ours ${i}`, tags: 'TagO', keys: `keyO${i}` });
    say({ sent: msgId });
  }
  const consumer = opened(new PushConsumer({ ...common, consumerGroup: group }));
  let left = Number(receiveCount);
  await new Promise((resolve, reject) => {
    consumer.subscribe(topic, '*', async ([message]) => {
      say({ got: message.msgId, body: message.body.toString(), topic: message.topic });
      if (--left <= 0) resolve();
    });
    consumer.start().catch(reject);
  });
  const lite = opened(new LitePullConsumer({ ...common, consumerGroup: `${group}-lite` }));
  lite.subscribe(topic);
  await lite.start();
  for (let seen = 0; seen < Number(receiveCount); seen += (await lite.poll()).length);
}

/** broadcast GROUP DIRECTORY RECEIVECOUNT: as the consumer that keeps its offsets in that folder. */
async function broadcast() {
  const [consumerGroup, localOffsetStoreDir, receiveCount] = rest;
  const consumer = opened(
    new PushConsumer({
      ...{ nameServers, consumerGroup, localOffsetStoreDir, messageModel: 'BROADCASTING' },
      ...{ clientIp: '127.0.0.1', instanceName: 'interop', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    }),
  );
  let left = Number(receiveCount);
  await new Promise((resolve, reject) => {
    consumer.subscribe(topic, '*', async ([message]) => {
      say({ got: message.msgId, body: message.body.toString() });
      if (--left <= 0) resolve();
    });
    consumer.start().catch(reject);
  });
}
