// Part 4: a store directory written by one broker is continued by the other, and back: nothing lost, same offsets, the
// index still answering.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mqadmin } from '../lib/apache.mjs';
import { checkReceived, checkSent } from '../lib/checks.mjs';
import { consume, produce } from '../lib/clients.mjs';
import { createTopic, routeOf } from '../lib/cluster.mjs';
import { OURS, Servers, freePort } from '../lib/servers.mjs';

const COUNT = 10_000;
const TOPIC = 'StoreTopic';
/** Some files of each kind in every step. */
const SETTINGS = { mappedFileSizeCommitLog: 1024 * 1024, mappedFileSizeConsumeQueue: 20 * 1000 };

/** Runs a broker of each kind in turn on one directory; each adds messages, is ended as told, and the next continues. */
async function continueStore(steps) {
  const servers = new Servers({ isBrief: true });
  try {
    const nameServer = await servers.nameServer(OURS);
    const port = await freePort();
    const storeDir = servers.folder();
    const folder = servers.folder();
    const sent = [];
    const client = '5.3.3';
    let total = 0;
    for (const [index, { kind, end = 'stop', count = COUNT }] of steps.entries()) {
      const broker = await servers.broker(kind, { nameServer, storeDir, port, settings: SETTINGS });
      if (index === 0) await createTopic({ nameServer, broker }, TOPIC);
      else await routeOf({ nameServer }, TOPIC);
      if (index > 0) {
        // Everything that earlier brokers acknowledged is there, at the offsets they acknowledged.
        const received = await consume(client, {
          nameServer,
          topic: TOPIC,
          folder,
          count: total,
          group: `reader-${index}`,
          mode: 'orderly',
        });
        checkReceived(received, { count: total, sent, orderly: true });
        await indexAnswers(nameServer, sent[Math.floor(sent.length / 2)]);
        await indexAnswers(nameServer, sent[sent.length - 1]);
      }
      if (count > 0) {
        const more = await produce(client, { nameServer, topic: TOPIC, folder, from: total, count });
        checkSent(more, count);
        sent.push(...more);
        total += count;
        checkSent(sent, total);
      }
      if (end === 'kill') await broker.kill();
      else assert.deepEqual((await broker.stop()).signal ?? null, null, `${kind} stopped by itself`);
    }
  } finally {
    await servers.dispose();
  }
}

/** mqadmin finds a message by its key, by its unique id and by its place in the log. */
async function indexAnswers(nameServer, { seq, msgId, offsetMsgId }) {
  const query = (...args) => mqadmin('5.3.3', [...args, '-n', nameServer.address]);
  const byKey = await query('queryMsgByKey', '-t', TOPIC, '-k', `key${seq}`);
  assert.ok(byKey.stdout.includes(msgId), `queryMsgByKey key${seq}: ${byKey.stdout}${byKey.stderr}`);
  const byId = await query('queryMsgById', '-i', offsetMsgId, '-t', TOPIC);
  assert.ok(byId.stdout.includes(`key${seq}`), `queryMsgById ${offsetMsgId}: ${byId.stdout}${byId.stderr}`);
}

describe('store directories', { concurrency: 2 }, () => {
  for (const version of ['4.9.7', '5.3.3']) {
    for (const end of ['stop', 'kill']) {
      test(`begun by Apache's ${version} (${end}), continued by ours (${end}), then by Apache's again`, () =>
        continueStore([
          { kind: version, end },
          { kind: OURS, end },
          { kind: version, count: 0 },
        ]));
    }
    test(`begun by ours, continued by Apache's ${version}, then by ours again`, () =>
      continueStore([{ kind: OURS }, { kind: version, count: 1000 }, { kind: OURS, count: 0 }]));
  }
});
