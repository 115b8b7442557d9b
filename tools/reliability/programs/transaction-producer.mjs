// A producer of transactions in a process of its own, to be killed. Its "database" is the campaign: the first decision that
// reaches it for a message stands, whether the local transaction or a check of another process made it.
// Arguments: nameServer group topic honest. Told `start` and `stop` by its parent; a dishonest one commits whatever it is asked.
import { QUICK } from '../group-watch.mjs';
import { importSource } from '../sources.mjs';

const { TransactionProducer } = await importSource('@mq/client');

const [nameServer, producerGroup, topic, honest] = process.argv.slice(2);
const LANES = 16;
/** Of a hundred local transactions: how many fail, and how many do not say how they ended. */
const SHARES = { rollback: 20, unknown: 10, throws: 5 };

const answers = new Map();
let nextQuestion = 0;
let isSending = false;

/** Writes a decision down, unless there is one already; resolves with the one that stands. */
function decide(id, wanted) {
  return new Promise((resolve) => {
    const question = nextQuestion++;
    answers.set(question, resolve);
    process.send({ question, id, wanted });
  });
}

const producer = new TransactionProducer({
  ...QUICK,
  nameServers: [nameServer],
  producerGroup,
  instanceName: `transactions-${process.pid}`,
  // Every message is sent once: two in a queue are two deliveries of one transaction.
  retryTimesWhenSendFailed: 0,
  sendMsgTimeoutMs: 3_000,
  // A transaction nobody has decided is over: its process is dead, or will find this.
  checkTransaction: async ({ body }) => {
    const decision = await decide(body.toString(), 'ROLLBACK');
    return honest === 'true' ? decision : 'COMMIT';
  },
});

async function lane(number) {
  for (let next = 0; ; next++) {
    if (!isSending) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    const id = `${process.pid}-${number}-${next}`;
    const roll = Math.random() * 100;
    try {
      await producer.sendInTransaction({ topic, body: id }, async () => {
        const decision = await decide(id, roll < SHARES.rollback ? 'ROLLBACK' : 'COMMIT');
        if (roll > 100 - SHARES.throws) throw new Error('this one throws');
        return roll > 100 - SHARES.throws - SHARES.unknown ? 'UNKNOWN' : decision;
      });
    } catch {
      process.send({ failed: 1 });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

process.on('message', (message) => {
  if (message === 'start') isSending = true;
  else if (message === 'stop') isSending = false;
  else {
    answers.get(message.question)?.(message.decision);
    answers.delete(message.question);
  }
});
process.on('disconnect', () => process.exit());
await producer.start();
for (let number = 0; number < LANES; number++) void lane(number);
process.send('ready');
