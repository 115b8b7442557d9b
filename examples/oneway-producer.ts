// Sends without asking for an answer: quickest, and nobody notices when a message is lost. For logs and metrics.
import { Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

await using producer = new Producer({ nameServers, producerGroup: 'example-oneway' });
await producer.start();

const startedMs = performance.now();
for (let i = 0; i < 1_000; i++) await producer.sendOneway({ topic: 'ExampleOneway', body: `metric ${i}` });
console.log(`handed 1000 messages to the transport in ${Math.round(performance.now() - startedMs)} ms`);
