// What most suites begin with: a NameServer and a Broker for a block of tests, and topics that can be used at once.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { mqadmin } from './apache.mjs';
import { Servers } from './servers.mjs';

const VERSION = '5.3.3';

/** Starts a NameServer and a Broker before the tests of the block it is called in, whose `context` they find them in. */
export function cluster(brokerKind, { nameServerKind = brokerKind, settings } = {}) {
  const context = {};
  before(async () => {
    context.servers = new Servers();
    context.nameServer = await context.servers.nameServer(nameServerKind);
    context.broker = await context.servers.broker(brokerKind, { nameServer: context.nameServer, settings });
    context.folder = context.servers.folder();
  });
  after(() => context.servers.dispose());
  return context;
}

/** Creates a topic with mqadmin and waits until its route is there. */
export async function createTopic({ nameServer, broker }, topic, queues = 4) {
  const where = ['-n', nameServer.address, '-b', broker.address];
  const options = ['-t', topic, '-r', `${queues}`, '-w', `${queues}`];
  const created = await mqadmin(VERSION, ['updateTopic', ...where, ...options]);
  assert.match(created.stdout, /success/, `updateTopic: ${created.stdout}${created.stderr}`);
  await routeOf({ nameServer }, topic);
}

/** Waits until the NameServer knows where the topic is: Apache's broker tells it some seconds after its start. */
export async function routeOf({ nameServer }, topic) {
  for (let attempt = 0; ; attempt++) {
    const route = await mqadmin(VERSION, ['topicRoute', '-n', nameServer.address, '-t', topic]);
    if (/queueDatas/.test(route.stdout)) return;
    assert.ok(attempt < 40, `no route of ${topic}: ${route.stdout}${route.stderr}`);
  }
}
