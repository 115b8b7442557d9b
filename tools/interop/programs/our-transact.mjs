// Our client sends numbered messages in transactions and answers checks. Arguments, modes and output as of Transact.java.
import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionProducer } from '@mq/client';
import { bodyText } from './message-facts.mjs';

const [nameServer, topic, producerGroup, fromText, countText, output, mode, seconds] = process.argv.slice(2);
const seqs = Array.from({ length: Number(countText) }, (_, index) => Number(fromText) + index);
const LOCAL = ['COMMIT', 'ROLLBACK', 'UNKNOWN', 'UNKNOWN'];
const CHECKED = ['COMMIT', 'ROLLBACK', 'COMMIT', 'ROLLBACK'];

const checked = new Set();
const line = (facts) => appendFileSync(output, `${JSON.stringify(facts)}\n`);

const producer = new TransactionProducer({
  nameServers: nameServer,
  producerGroup,
  sendMsgTimeoutMs: 10_000,
  heartbeatIntervalMs: 1_000,
  checkTransaction: (message) => {
    const seq = Number(message.properties.seq);
    const { queueId, msgId, body } = message;
    line({ check: seq, topic: message.topic, queueId, msgId, body: body.toString() });
    checked.add(seq);
    return CHECKED[seq % 4];
  },
});

/** A broker that has just started is not known at once. */
async function awaitRoute(ofTopic) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await producer.fetchPublishMessageQueues(ofTopic);
    } catch (error) {
      if (attempt === 120) throw error;
      await sleep(500);
    }
  }
}

writeFileSync(output, '');
await producer.start();
await awaitRoute(mode === 'check' ? topic : 'TBW102');
if (mode !== 'check') {
  for (const seq of seqs) {
    const { status, localTransactionState, msgId, transactionId } = await producer.sendInTransaction(
      {
        topic,
        body: bodyText(seq),
        tags: `tag${seq % 3}`,
        keys: `key${seq}`,
        flag: seq % 7,
        properties: { seq: String(seq) },
      },
      () => (mode === 'leave' ? 'UNKNOWN' : LOCAL[seq % 4]),
    );
    line({ sent: seq, status, state: localTransactionState, msgId, transactionId });
  }
}
if (mode !== 'leave') {
  const awaited = mode === 'check' ? seqs : seqs.filter((seq) => seq % 4 >= 2);
  const deadline = performance.now() + Number(seconds) * 1000;
  while (awaited.some((seq) => !checked.has(seq)) && performance.now() < deadline) await sleep(50);
  // The answers to the last checks are on their way.
  await sleep(1_000);
}
// Gone as it is: without a word to the broker.
process.exit(0);
