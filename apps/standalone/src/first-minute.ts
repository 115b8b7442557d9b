// The first thing a newcomer sees: messages that go through the NameServer and the Broker and come back.
import { Producer, PushConsumer } from '@mq/client';

export const DEMO_TOPIC = 'QuickStart';
export const DEMO_GROUP = 'quick-start';
const DEMO_MESSAGES = 5;
const DEMO_TIMEOUT_MS = 10_000;

/** What came back. */
export interface FirstMinuteResult {
  readonly sent: readonly string[];
  readonly received: readonly string[];
  /** How many messages of the demo topic were there before: those of earlier starts. */
  readonly earlier: number;
}

/** Sends a few messages, receives them, and counts what earlier starts left behind. */
export async function firstMinute(
  nameServer: string,
  print: (line: string) => void,
): Promise<FirstMinuteResult> {
  const producer = new Producer({ nameServers: nameServer, producerGroup: `${DEMO_GROUP}-producer` });
  const received: string[] = [];
  const sent: string[] = [];
  let allHere: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (allHere = resolve));
  const consumer = new PushConsumer({
    nameServers: nameServer,
    consumerGroup: DEMO_GROUP,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  try {
    await producer.start();
    const firstOffsets = new Map<number, number>();
    for (let i = 1; i <= DEMO_MESSAGES; i++) {
      const { msgId, messageQueue, queueOffset } = await producer.send({
        topic: DEMO_TOPIC,
        body: `Hello, mq! (${i} of ${DEMO_MESSAGES})`,
        tags: 'demo',
        keys: `hello-${i}`,
      });
      sent.push(msgId);
      if (!firstOffsets.has(messageQueue.queueId)) firstOffsets.set(messageQueue.queueId, queueOffset);
      print(`  sent      ${msgId}  queue ${messageQueue.queueId}, offset ${queueOffset}`);
    }
    consumer.subscribe(DEMO_TOPIC, '*', (messages) => {
      for (const message of messages) {
        if (!sent.includes(message.msgId)) continue;
        received.push(message.msgId);
        print(`  received  ${message.msgId}  "${message.body.toString('utf8')}"`);
      }
      if (received.length >= sent.length) allHere();
    });
    await consumer.start();
    const deadline = setTimeout(allHere, DEMO_TIMEOUT_MS);
    await done;
    clearTimeout(deadline);
    const earlier = [...firstOffsets.values()].reduce((sum, offset) => sum + offset, 0);
    return { sent, received, earlier };
  } finally {
    await consumer.close({ timeoutMs: 3_000 });
    await producer.close();
  }
}
