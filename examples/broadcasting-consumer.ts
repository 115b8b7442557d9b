// Every broadcasting consumer gets every message, and keeps its own place in a file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleBroadcast';
const offsets = mkdtempSync(join(tmpdir(), 'mq-example-offsets-'));

await using producer = new Producer({ nameServers, producerGroup: 'example-broadcast' });
await producer.start();
const { msgId } = await producer.send({ topic, body: 'reload your settings' });

await Promise.all(
  ['node-1', 'node-2'].map(async (instanceName) => {
    await using consumer = new PushConsumer({
      nameServers,
      instanceName,
      consumerGroup: 'example-broadcast-consumer',
      messageModel: 'BROADCASTING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      localOffsetStoreDir: offsets,
    });
    await new Promise<void>((resolve, reject) => {
      consumer.subscribe(topic, '*', (messages) => {
        for (const message of messages) {
          if (message.msgId !== msgId) continue;
          console.log(`${instanceName}: ${message.body.toString()}`);
          resolve();
        }
      });
      consumer.start().catch(reject);
    });
  }),
);
rmSync(offsets, { recursive: true });
