// Sends a thousand messages in as few requests as their size allows.
import { BatchSendError, Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

await using producer = new Producer({ nameServers, producerGroup: 'example-batch' });
await producer.start();

const messages = Array.from({ length: 1_000 }, (_, i) => ({
  topic: 'ExampleBatch',
  body: `reading ${i}`,
  tags: 'sensor',
}));

try {
  const results = await producer.sendBatch(messages, { maxBatchBytes: 64 * 1024 });
  console.log(`sent ${messages.length} messages in ${results.length} requests`);
} catch (error) {
  if (!(error instanceof BatchSendError)) throw error;
  console.log(`sent only the first ${error.sentCount}: ${error.message}`);
  process.exitCode = 1;
}
