import { readFileSync } from 'node:fs';
import { testCertificate } from '@mq-tools/testing';
import { Producer, PushConsumer, type ClientOptions } from '../src/index.js';
import { FakeCluster } from './fake-cluster.js';

const { keyPath, certPath } = testCertificate();
const key = readFileSync(keyPath);
const cert = readFileSync(certPath);

let cluster: FakeCluster;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  cluster = await FakeCluster.start({ topics: { T: 1 }, tls: { mode: 'enforcing', key, cert } });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster.close();
});

async function producerWith(tls: NonNullable<ClientOptions['tls']>): Promise<Producer> {
  const producer = new Producer({ nameServers: cluster.nameServers, producerGroup: 'P', tls });
  open.push(producer);
  await producer.start();
  return producer;
}

describe('a client of servers that take nothing but TLS', () => {
  test('sends and consumes when it trusts their certificate', async () => {
    const tls = { ca: cert };
    const producer = await producerWith(tls);
    await producer.send({ topic: 'T', body: 'sealed' });
    const { nameServers } = cluster;
    const consumer = new PushConsumer({
      nameServers,
      consumerGroup: 'G',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      tls,
    });
    open.push(consumer);
    const body = await new Promise<string>((resolve, reject) => {
      consumer.subscribe('T', '*', ([message]) => resolve(String(message?.body)));
      consumer.start().catch(reject);
    });
    expect(body).toBe('sealed');
  });

  test.each([
    ['talks plain text', false, /./],
    ['does not trust their certificate', {}, /self.signed certificate/],
    ['expects another name in it', { ca: cert, servername: 'elsewhere' }, /elsewhere/],
  ] as const)('fails and says why when it %s', async (_how, tls, reason) => {
    const producer = await producerWith(tls);
    const failure = await producer.send({ topic: 'T', body: 'x' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NAME_SERVER_UNREACHABLE' });
    expect(chain(failure)).toMatch(reason);
  });
});

/** The messages of an error and of what caused it. */
function chain(error: unknown): string {
  if (!(typeof error === 'object' && error !== null && 'message' in error)) return String(error);
  const errors = 'errors' in error && Array.isArray(error.errors) ? error.errors.map(chain).join(' ') : '';
  const cause = 'cause' in error && error.cause !== undefined ? chain(error.cause) : '';
  return `${String(error.message)} ${errors} ${cause}`;
}
