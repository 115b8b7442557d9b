// Batches that stay one record (topics of type BatchCQ, 5.x): Apache's client and ours with both brokers, and store directories
// with such topics that change hands.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mqadmin } from '../lib/apache.mjs';
import { checkReceived, checkSent } from '../lib/checks.mjs';
import { consume, produce } from '../lib/clients.mjs';
import { cluster, routeOf } from '../lib/cluster.mjs';
import { OURS, Servers, freePort } from '../lib/servers.mjs';

const JAVA = '5.3.3';
const COUNT = 500;
/** Some files of each kind. */
const SETTINGS = {
  mappedFileSizeCommitLog: 256 * 1024,
  mapperFileSizeBatchConsumeQueue: 46 * 10,
  messageDelayLevel: '1s 1s 1s 1s 1s',
};

async function createBatchTopic({ nameServer, broker }, topic) {
  const where = ['-n', nameServer.address, '-b', broker.address];
  const options = ['-t', topic, '-r', '2', '-w', '2', '-a', '+queue.type=BatchCQ'];
  const { stdout, stderr } = await mqadmin(JAVA, ['updateTopic', ...where, ...options]);
  assert.match(stdout, /success/, `updateTopic: ${stdout}${stderr}`);
  await routeOf({ nameServer }, topic);
}

/** Sends [from, from + count) in batches of ten. */
async function sendBatches(client, context, { topic, from = 0, count }) {
  const mode = client === OURS ? 'inner' : 'batch';
  const lines = await produce(client, { ...context, topic, from, count, mode });
  checkSent(lines, count);
  for (const { offsetMsgId } of lines) assert.doesNotMatch(offsetMsgId, /,/, 'one record a batch');
  return lines;
}

for (const brokerKind of [OURS, JAVA]) {
  describe(`batches of one record on the broker ${brokerKind}`, () => {
    const context = cluster(brokerKind, { nameServerKind: OURS, settings: SETTINGS });
    for (const producer of [OURS, JAVA]) {
      test(`sent by ${producer}, come one by one to both clients`, async () => {
        const topic = `Batches-${producer.replaceAll('.', '')}`;
        await createBatchTopic(context, topic);
        const sent = await sendBatches(producer, context, { topic, count: COUNT });
        for (const consumer of [OURS, JAVA]) {
          const group = `all-${producer}-${consumer}`.replaceAll('.', '');
          const received = await consume(consumer, { ...context, topic, count: COUNT, group });
          checkReceived(received, { count: COUNT, sent });
        }
      });
    }

    test('a message that fails comes again alone', async () => {
      const topic = 'BatchesAgain';
      await createBatchTopic(context, topic);
      await sendBatches(JAVA, context, { topic, count: COUNT });
      for (const client of [OURS, JAVA]) {
        const group = `again-${client.replaceAll('.', '')}`;
        const received = await consume(client, { ...context, topic, count: COUNT, group, mode: 'retry' });
        checkReceived(received, { count: COUNT, exactlyOnce: false });
        const again = received.filter(({ reconsumeTimes }) => reconsumeTimes > 0);
        assert.equal(again.length, COUNT / 100);
      }
    });

    // Apache's broker gives batches to nobody who wants a tag.
    if (brokerKind !== OURS) return;
    test('tags are found inside', async () => {
      const topic = 'BatchesTagged';
      await createBatchTopic(context, topic);
      await sendBatches(JAVA, context, { topic, count: 30 });
      for (const client of [OURS, JAVA]) {
        const group = `tagged-${client.replaceAll('.', '')}`;
        const received = await consume(client, { ...context, topic, count: 10, group, tags: 'tag1' });
        const numbers = received.map(({ seq }) => seq).sort((a, b) => a - b);
        assert.deepEqual(
          numbers,
          Array.from({ length: 10 }, (_, i) => 3 * i + 1),
        );
      }
    });
  });
}

describe('store directories with batches of one record', { concurrency: 2 }, () => {
  for (const kinds of [
    [JAVA, OURS, JAVA],
    [OURS, JAVA, OURS],
  ]) {
    test(`begun by ${kinds[0]} (stop), continued by ${kinds[1]} (kill), then by ${kinds[2]} again`, async () => {
      const servers = new Servers({ isBrief: true });
      try {
        const nameServer = await servers.nameServer(OURS);
        const context = { nameServer, folder: servers.folder() };
        const options = {
          ...{ nameServer, storeDir: servers.folder(), port: await freePort(), settings: SETTINGS },
        };
        const topic = 'BatchStore';
        const sent = [];
        for (const [step, kind] of kinds.entries()) {
          const broker = await servers.broker(kind, options);
          if (step === 0) await createBatchTopic({ nameServer, broker }, topic);
          else await routeOf({ nameServer }, topic);
          const from = step * COUNT;
          sent.push(...(await sendBatches(step === 1 ? JAVA : OURS, context, { topic, from, count: COUNT })));
          checkSent(sent, from + COUNT);
          const group = `reader-${step}`;
          const received = await consume(JAVA, { ...context, topic, count: from + COUNT, group });
          checkReceived(received, { count: from + COUNT, sent });
          await (step === 1 ? broker.kill() : broker.stop());
        }
      } finally {
        await servers.dispose();
      }
    });
  }
});
