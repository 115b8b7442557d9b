// Parts 1, 2 and 3: who talks to whom. Each pair sends and consumes at least 10,000 messages; contents, order within a
// queue, places and counts are checked.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { checkReceived, checkSent } from '../lib/checks.mjs';
import { ALI_ONS, consume, produce } from '../lib/clients.mjs';
import { cluster, createTopic } from '../lib/cluster.mjs';
import { OURS } from '../lib/servers.mjs';

const COUNT = 10_000;
/** What failed comes again after the third of these. */
const SETTINGS = { messageDelayLevel: '1s 1s 1s 1s 1s' };

let nextTopic = 0;

/** One client sends to a topic of its own and another consumes it. */
function pair(context, { producer, consumer, modes = ['single', 'concurrent'], count = COUNT }) {
  const [produceMode, consumeMode] = modes;
  test(`${producer} sends (${produceMode}), ${consumer} consumes (${consumeMode}) ${count} messages`, async () => {
    const topic = `T${nextTopic++}-${producer}-${produceMode}-${consumer}-${consumeMode}`.replaceAll(
      '.',
      '_',
    );
    await createTopic(context, topic);
    const { nameServer, folder } = context;
    const sent = await produce(producer, { nameServer, topic, folder, count, mode: produceMode });
    if (produceMode !== 'oneway') checkSent(sent, count);
    const received = await consume(consumer, {
      nameServer,
      topic,
      folder,
      count,
      mode: consumeMode,
      group: `G-${topic}`,
    });
    checkReceived(received, {
      count,
      sent: produceMode === 'oneway' ? undefined : sent,
      orderly: consumeMode === 'orderly',
      big: produceMode === 'big',
      exactlyOnce: consumeMode !== 'retry',
    });
    if (consumeMode === 'retry') {
      const retried = received.filter(({ reconsumeTimes }) => reconsumeTimes > 0).map(({ seq }) => seq);
      for (let seq = 0; seq < count; seq += 100)
        assert.ok(retried.includes(seq), `${seq} came back after its failure`);
    }
  });
}

describe('who talks to whom', { concurrency: 2 }, () => {
  describe('official clients on our NameServer and Broker', { concurrency: false }, () => {
    const context = cluster(OURS, { settings: SETTINGS });
    pair(context, { producer: '5.3.3', consumer: '5.3.3' });
    pair(context, { producer: '4.9.7', consumer: '4.9.7' });
    pair(context, { producer: ALI_ONS, consumer: ALI_ONS });
    pair(context, { producer: '5.3.3', consumer: '4.9.7', modes: ['batch', 'orderly'] });
    pair(context, { producer: '4.9.7', consumer: '5.3.3', modes: ['oneway', 'orderly'] });
    pair(context, { producer: '5.3.3', consumer: '5.3.3', modes: ['big', 'broadcast'], count: 1000 });
    pair(context, { producer: '4.9.7', consumer: '5.3.3', modes: ['single', 'retry'], count: 1000 });
    pair(context, { producer: OURS, consumer: '5.3.3' });
    pair(context, { producer: '4.9.7', consumer: OURS });
  });

  for (const version of ['5.3.3', '4.9.7']) {
    describe(`our client on Apache's NameServer and Broker ${version}`, { concurrency: false }, () => {
      const context = cluster(version, { settings: SETTINGS, alsoAt: OURS });
      pair(context, { producer: OURS, consumer: OURS });
      pair(context, { producer: OURS, consumer: OURS, modes: ['batch', 'orderly'] });
      pair(context, { producer: OURS, consumer: version, modes: ['big', 'concurrent'], count: 1000 });
      pair(context, { producer: version, consumer: OURS, modes: ['single', 'retry'], count: 1000 });

      describe(`our Broker at Apache's NameServer ${version}`, () => {
        const across = {};
        before(async () => {
          const { servers, nameServer } = context;
          const broker = await servers.broker(OURS, { nameServer, brokerName: 'broker-b' });
          Object.assign(across, { ...context, broker });
        });
        pair(across, { producer: version, consumer: OURS });
      });

      describe(`Apache's Broker ${version} at our NameServer`, () => {
        const across = {};
        before(() => Object.assign(across, { ...context, nameServer: context.otherNameServer }));
        pair(across, { producer: OURS, consumer: version });
      });
    });
  }
});
