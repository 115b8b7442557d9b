import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestCode } from '@mq/remoting/protocol';
import { ClientInstance, LitePullConsumer, Producer, PullConsumer, PushConsumer } from '../src/index.js';
import { discoveryUrl } from '../src/instance/name-server-discovery.js';
import { eventually } from './eventually.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster?.close();
});

/** A web server that publishes addresses, as one may be run beside NameServers. */
async function publish(
  answer: () => { status?: number; text: string },
): Promise<{ domain: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { status = 200, text } = answer();
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  return { domain: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('the addresses of NameServers', () => {
  test.each([
    ['ns.example', undefined, undefined, 'http://ns.example:8080/rocketmq/nsaddr'],
    ['ns.example:80', 'sub', undefined, 'http://ns.example:80/rocketmq/sub'],
    ['ns.example', undefined, 'u1', 'http://ns.example:8080/rocketmq/nsaddr-u1?nofix=1'],
    ['https://ns.example/mine', undefined, undefined, 'https://ns.example/mine'],
  ])('published by %s (%s, unit %s) are asked for at %s', (domain, subgroup, unit, url) =>
    expect(discoveryUrl(domain, subgroup, unit)).toBe(url),
  );

  test('come from where they are published, and follow what is published later', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    const other = await FakeCluster.start({ topics: { T: 1 } });
    open.push(other);
    let addresses = `${cluster.nameServers[0]}\r\nthe second line is not for us`;
    const { domain, asked } = await publish(() => ({ text: addresses }));
    await using producer = new Producer({
      ...{ producerGroup: 'P', nameServerDomain: domain, unitName: 'u', nameServerRefreshIntervalMs: 100 },
      routeRefreshIntervalMs: 100,
    });
    await producer.start();
    await producer.send({ topic: 'T', body: 'x' });
    expect(asked[0]).toBe('/rocketmq/nsaddr-u?nofix=1');
    expect(producer.clientId).toMatch(/@u$/);
    addresses = other.nameServers[0] as string;
    await eventually('it asks the other NameServer', () => other.routeRequests.length > 0);
  });

  test.each([
    ['refuses', { status: 500, text: 'no' }],
    ['says nothing', { text: '' }],
    ['says nonsense', { text: '<html>' }],
  ])('cannot be found when the publisher %s; a later start finds them', async (_name, answer) => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    let now: { status?: number; text: string } = answer;
    const { domain } = await publish(() => now);
    const made = [
      new Producer({ producerGroup: 'P', nameServerDomain: domain }),
      new PullConsumer({ consumerGroup: 'G', nameServerDomain: domain }),
      new LitePullConsumer({ consumerGroup: 'G2', nameServerDomain: domain }),
      new PushConsumer({ consumerGroup: 'G3', nameServerDomain: domain }),
    ];
    open.push(...made);
    for (const one of made)
      await expect(one.start()).rejects.toMatchObject({ code: 'NAME_SERVER_UNREACHABLE' });
    now = { text: cluster.nameServers[0] as string };
    for (const one of made) await one.start();
  });

  test('given by hand are not asked for', () => {
    expect(() => new Producer({ producerGroup: 'P', nameServers: [] })).toThrow(/nameServerDomain/);
  });
});

describe('a namespace', () => {
  test('stands before topics and groups on the wire, and nowhere else', async () => {
    cluster = await FakeCluster.start({ topics: { 'ns%T': 1 } });
    const options = { nameServers: cluster.nameServers, namespace: 'ns' };
    await using producer = new Producer({ ...options, producerGroup: 'P' });
    await producer.start();
    const { messageQueue } = await producer.send({ topic: 'T', body: 'x' });
    expect(messageQueue.topic).toBe('T');
    const [sent] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(sent?.ext).toMatchObject({ a: 'ns%P', b: 'ns%T' });
    expect(sent?.ext['i']).toContain('INSTANCE_ID\u0001ns');
    await using lite = new LitePullConsumer({
      ...{
        ...options,
        consumerGroup: 'G',
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        rebalanceIntervalMs: 100,
      },
    });
    lite.subscribe('T');
    await lite.start();
    expect((await lite.poll()).map(({ topic }) => topic)).toEqual(['T']);
    await lite.commit();
    expect(lite.assignment()).toEqual([{ topic: 'T', brokerName: 'broker-a', queueId: 0 }]);
    expect(cluster.broker.offsets.get('ns%G@ns%T@0')).toBe(1);
  });

  test.each([
    ['http://MQ_INST_1_abc.mq.example:8080', 'MQ_INST_1_abc'],
    ['MQ_INST_1_abc.mq.example:8080', 'MQ_INST_1_abc'],
    ['http://mq.example:8080', undefined],
    ['127.0.0.1:9876', undefined],
  ])('is also said by the endpoint of an instance: %s', (endpoint, namespace) => {
    const client = new ClientInstance({ nameServers: endpoint });
    expect(client.namespace).toBe(namespace);
    expect(client.nameServers).toEqual([endpoint.replace('http://', '')]);
  });

  test('too long for a topic is refused by name', async () => {
    cluster = await FakeCluster.start();
    const namespace = 'n'.repeat(100);
    await using producer = new Producer({ nameServers: cluster.nameServers, namespace, producerGroup: 'P' });
    await producer.start();
    const sent = producer.send({ topic: 't'.repeat(100), body: 'x' });
    await expect(sent).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: /longer than/ });
  });

  test('of 5.x travels beside the names with every request, signed with them', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    const seenByHook: (string | undefined)[] = [];
    await using producer = new Producer({
      ...{ nameServers: cluster.nameServers, producerGroup: 'P', namespaceV2: 'ns2' },
      hooks: [{ beforeRequest: (_address, command) => void seenByHook.push(command.extFields['ns']) }],
    });
    await producer.start();
    await producer.send({ topic: 'T', body: 'x' });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]?.ext).toMatchObject({
      ...{ a: 'P', b: 'T', ns: 'ns2', nsd: 'true' },
    });
    expect(new Set(seenByHook)).toEqual(new Set(['ns2']));
  });
});

test('a unit is part of the client id, and marks topics, groups and returned messages', async () => {
  cluster = await FakeCluster.start({ topics: { T: 1 } });
  const options = { nameServers: cluster.nameServers, unitName: 'hz', unitMode: true };
  await using producer = new Producer({ ...options, producerGroup: 'P' });
  await producer.start();
  await producer.send({ topic: 'T', body: 'x' });
  expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]?.ext['k']).toBe('true');
  await using consumer = new PushConsumer({
    ...{ ...options, consumerGroup: 'G', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    handler: () => 'RECONSUME_LATER',
  });
  consumer.subscribe('T');
  await consumer.start();
  await eventually('it is back', () => cluster.broker.sentBack.length === 1);
  expect(cluster.broker.sentBack[0]?.unitMode).toBe(true);
  expect(consumer.clientId).toMatch(/@hz$/);
  expect(cluster.broker.heartbeats.at(-1)?.consumerDataSet[0]?.unitMode).toBe(true);
});
