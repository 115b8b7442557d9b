// Servers that take nothing but TLS, configured as an operator does: NameServer, Broker, and a client of an application.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { Producer, PushConsumer } from '@mq/client';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';
import { testCertificate } from '@mq-tools/testing';

const { keyPath, certPath } = testCertificate();
const ca = readFileSync(certPath);
const ENFORCING = {
  'tls.server.mode': 'enforcing',
  'tls.server.keyPath': keyPath,
  'tls.server.certPath': certPath,
  'tls.server.need.client.auth': 'require',
  'tls.server.trustCertPath': certPath,
  'tls.client.keyPath': keyPath,
  'tls.client.certPath': certPath,
  'tls.client.trustCertPath': certPath,
} as const;

let folder: string;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mq-tls-'))));
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(): Promise<string> {
  const namesrv = new NamesrvController({
    ...namesrvSettings.parse({ ...ENFORCING, listenPort: '0' }).values,
    kvConfigPath: join(folder, 'kvConfig.json'),
  });
  open.push(namesrv);
  const { port } = await namesrv.start();
  const { configuration } = BrokerConfiguration.parse({
    ...ENFORCING,
    listenPort: '0',
    namesrvAddr: `127.0.0.1:${port}`,
    storePathRootDir: join(folder, 'store'),
  });
  const broker = new BrokerController(configuration);
  open.push(broker);
  await broker.start();
  return `127.0.0.1:${port}`;
}

test('a message goes through TLS alone, with certificates on both sides', async () => {
  const nameServers = await serve();
  const tls = { ca, key: readFileSync(keyPath), cert: ca };
  const producer = new Producer({ nameServers, producerGroup: 'P', tls });
  const consumeFromWhere = 'CONSUME_FROM_FIRST_OFFSET';
  const consumer = new PushConsumer({ nameServers, consumerGroup: 'G', consumeFromWhere, tls });
  open.push(producer, consumer);
  await producer.start();
  await producer.send({ topic: 'T', body: 'sealed' });
  const body = await new Promise<string>((resolve, reject) => {
    consumer.subscribe('T', '*', (messages) => resolve(String(messages[0]?.body)));
    consumer.start().catch(reject);
  });
  expect(body).toBe('sealed');
});

test.each([
  ['plain text', false as const],
  ['a client without a certificate', { ca }],
])('%s is refused', async (_what, tls) => {
  const nameServers = await serve();
  const producer = new Producer({ nameServers, producerGroup: 'P', tls });
  open.push(producer);
  await producer.start();
  await expect(producer.send({ topic: 'T', body: 'open' })).rejects.toMatchObject({
    code: 'NAME_SERVER_UNREACHABLE',
  });
});
