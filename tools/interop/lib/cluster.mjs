// What most suites begin with: a NameServer and a Broker for a block of tests, and topics that can be used at once.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { mqadmin } from './apache.mjs';
import { eventually } from './eventually.mjs';
import { Servers } from './servers.mjs';

const VERSION = '5.3.3';

/**
 * Starts a NameServer and a Broker before the tests of the block it is called in, whose `context` they find them in. The broker
 * is also known at a NameServer of the kind `alsoAt`, the `otherNameServer`.
 */
export function cluster(brokerKind, { nameServerKind = brokerKind, alsoAt, settings } = {}) {
  const context = {};
  before(async () => {
    const servers = new Servers({ isBrief: true });
    context.servers = servers;
    context.nameServer = await servers.nameServer(nameServerKind);
    if (alsoAt !== undefined) context.otherNameServer = await servers.nameServer(alsoAt);
    const { nameServer, otherNameServer } = context;
    const addresses = [nameServer, otherNameServer].filter(Boolean).map(({ address }) => address);
    const known = { address: addresses.join(';') };
    context.broker = await servers.broker(brokerKind, { nameServer: known, settings });
    context.folder = servers.folder();
  });
  after(() => context.servers?.dispose());
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

/** Waits until the Broker knows a consumer of the group that subscribes to the topic. */
export async function subscriberOf({ nameServer }, group, topic) {
  let shown;
  const found = await eventually(async () => {
    shown = await mqadmin(VERSION, ['consumerConnection', '-n', nameServer.address, '-g', group]);
    return new RegExp(`^${topic} `, 'm').exec(shown.stdout) ?? undefined;
  }, 60);
  assert.ok(found, `no consumer of ${group}: ${shown.stdout}${shown.stderr}`);
}

/** Waits until the NameServer knows where the topic is: Apache's broker tells it some seconds after its start. */
export async function routeOf({ nameServer }, topic) {
  let route;
  const found = await eventually(async () => {
    route = await mqadmin(VERSION, ['topicRoute', '-n', nameServer.address, '-t', topic]);
    return /queueDatas/.exec(route.stdout) ?? undefined;
  }, 60);
  assert.ok(found, `no route of ${topic}: ${route.stdout}${route.stderr}`);
}
