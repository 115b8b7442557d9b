import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as client from '../src/index.js';
import { FakeCluster } from './fake-cluster.js';

const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');

describe('the README', () => {
  test('has an example that runs', async () => {
    const cluster = await FakeCluster.start({ topics: { Orders: 1 } });
    const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const lines: string[] = [];
    const script = example
      .replace(/^import .*$/m, '')
      .replace("['127.0.0.1:9876']", 'nameServerAddresses')
      .replaceAll('await using', 'const')
      .replace('new Promise<void>', 'new Promise')
      .concat('await consumer.close(); await producer.close();');
    const AsyncFunction = (async () => undefined).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>;
    const run = new AsyncFunction('Producer', 'PushConsumer', 'nameServerAddresses', 'console', script);
    const log = { log: (...words: unknown[]) => void lines.push(words.join(' ')) };
    await run(client.Producer, client.PushConsumer, cluster.nameServers, log);
    expect(lines).toEqual([expect.stringMatching(/^[0-9A-F]{32} order 1$/)]);
    await cluster.close();
  });

  test('names only what the package has', () => {
    const names = [
      ...readme.matchAll(
        /\b(Producer|TransactionProducer|PushConsumer|PullConsumer|ClientInstance|MQClientError)\b/g,
      ),
    ].map(([name]) => name);
    for (const name of names) expect(client).toHaveProperty(name as string);
  });
});
