// Servers that take nothing but TLS, configured as an operator does: NameServer, Broker, and a client of an application.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

async function serve(settings: Readonly<Record<string, string>> = ENFORCING): Promise<string> {
  const namesrv = new NamesrvController({
    ...namesrvSettings.parse({ ...settings, listenPort: '0' }).values,
    kvConfigPath: join(folder, 'kvConfig.json'),
  });
  open.push(namesrv);
  const { port } = await namesrv.start();
  const { configuration } = BrokerConfiguration.parse({
    ...settings,
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

test('renewed certificates are served without a restart, and who is connected stays so', async () => {
  const files = { key: join(folder, 'server.key'), cert: join(folder, 'server.pem') };
  copyFileSync(keyPath, files.key);
  copyFileSync(certPath, files.cert);
  const nameServers = await serve({
    'tls.server.mode': 'enforcing',
    'tls.server.keyPath': files.key,
    'tls.server.certPath': files.cert,
    'tls.client.authServer': 'false',
  });
  // Trusts the first certificate alone, so it could not connect a second time.
  await using connected = producerOf(nameServers, ca);
  await connected.start();
  await connected.send({ topic: 'T', body: 'before' });
  const renewed = testCertificate('renewed');
  copyFileSync(renewed.keyPath, files.key);
  copyFileSync(renewed.certPath, files.cert);
  // Both servers look twice a second: a client that trusts the renewed certificate alone gets through to both of them soon.
  const renewedCa = readFileSync(renewed.certPath);
  for (const deadline = Date.now() + 20_000; ;) {
    const error = await sendOnce(nameServers, renewedCa).catch((cause: unknown) => cause);
    if (error === undefined) break;
    if (Date.now() > deadline) throw error;
  }
  await expect(sendOnce(nameServers, ca)).rejects.toMatchObject({ code: 'NAME_SERVER_UNREACHABLE' });
  await connected.send({ topic: 'T', body: 'after' });
});

function producerOf(nameServers: string, trusted: Buffer): Producer {
  return new Producer({
    nameServers,
    producerGroup: 'P',
    tls: { ca: trusted },
    retryTimesWhenSendFailed: 0,
  });
}

async function sendOnce(nameServers: string, trusted: Buffer): Promise<void> {
  await using producer = producerOf(nameServers, trusted);
  await producer.start();
  await producer.send({ topic: 'T', body: 'sealed' });
}
