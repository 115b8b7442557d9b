// SQL92 and class filters: Apache's clients on our broker, with and without bits in the queue entries; ours on Apache's; a
// store whose bits the other one wrote; and code that a client of 4.9.7 gives to our filter server.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { Producer, PushConsumer } from '@mq/client';
import { FiltersrvController, filtersrvSettings } from '@mq/filtersrv';
import { mqadmin, runJava } from '../lib/apache.mjs';
import { readLines } from '../lib/checks.mjs';
import { cluster, createTopic, routeOf, subscriberOf } from '../lib/cluster.mjs';
import { freePort, OURS, Servers } from '../lib/servers.mjs';

const COUNT = 300;
const SQL = { enablePropertyFilter: true };
const BITS = {
  ...SQL,
  enableCalcFilterBitMap: true,
  enableConsumeQueueExt: true,
  mappedFileSizeConsumeQueueExt: 4096,
};
const EXPRESSION = "price > 100 AND region IN ('eu', 'us') AND note IS NOT NULL";
const isWanted = (seq) => priceOf(seq) > 100 && regionOf(seq) !== 'asia' && hasNote(seq);
const priceOf = (seq) => seq;
const regionOf = (seq) => ['eu', 'us', 'asia'][seq % 3];
/** Half of the messages in every queue, whichever of the two the first one goes to. */
const hasNote = (seq) => seq % 4 < 2;
const wanted = Array.from({ length: COUNT }, (_, seq) => seq).filter(isWanted);

const QUEUES = 2;

let nextFile = 0;

async function send({ nameServer }, topic) {
  const producer = new Producer({ nameServers: [nameServer.address], producerGroup: 'P' });
  try {
    await producer.start();
    for (let seq = 0; seq < COUNT; seq++) {
      const properties = { seq: String(seq), price: String(priceOf(seq)), region: regionOf(seq) };
      if (hasNote(seq)) properties.note = 'x';
      await producer.send({ topic, body: `m${seq}`, properties });
    }
  } finally {
    await producer.close();
  }
}

/** What a client of Apache's gets. */
async function javaConsumes(
  version,
  { nameServer, folder },
  topic,
  { group, kind = 'sql', text = EXPRESSION, count },
) {
  const output = join(folder, `filtered-${nextFile}.jsonl`);
  const file = join(folder, `filter-${nextFile++}.txt`);
  writeFileSync(file, text);
  const args = [nameServer.address, topic, group, String(count), output, kind, file, '120'];
  const result = await runJava(version, 'FilterConsume', args);
  return {
    code: result.code,
    stderr: result.stderr,
    seqs: result.code === 0 ? seqsOf(readLines(output)) : [],
  };
}

/** What our client gets until nothing came for a while. */
async function weConsume({ nameServer }, topic, group, expression, count) {
  const received = [];
  const consumer = new PushConsumer({
    nameServers: [nameServer.address],
    consumerGroup: group,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    rebalanceIntervalMs: 500,
  });
  consumer.subscribe(topic, expression, (messages) => {
    for (const { properties } of messages) received.push({ seq: Number(properties.seq) });
  });
  try {
    await consumer.start();
    for (let waited = 0; received.length < count && waited < 30_000; waited += 100) await sleep(100);
    await sleep(1_000);
  } finally {
    await consumer.close();
  }
  return seqsOf(received);
}

/** What Apache's mqadmin shows of some entries of a queue, and what the group's bits say to them. */
async function shownEntries({ nameServer, broker }, topic, group) {
  const consumer = new PushConsumer({ nameServers: [nameServer.address], consumerGroup: group });
  consumer.subscribe(topic, { sql: EXPRESSION }, () => undefined);
  try {
    await consumer.start();
    const entries = ['-t', topic, '-q', '0', '-i', '40', '-c', '60', '-g', group];
    const { stdout, stderr } = await mqadmin('5.3.3', [
      ...['queryCq', ...entries, '-b', broker.address, '-n', nameServer.address],
    ]);
    assert.match(stdout, new RegExp(`"expressionType":"SQL92"`), stdout + stderr);
    const [, shown] = /^max: .*$([^]*)/m.exec(stdout) ?? [];
    assert.equal(shown?.match(/ConsumeQueueData/g)?.length, 60, stdout + stderr);
    return shown;
  } finally {
    await consumer.close();
  }
}

const seqsOf = (received) => [...new Set(received.map(({ seq }) => Number(seq)))].sort((a, b) => a - b);

describe('filters', { concurrency: 3 }, () => {
  for (const [name, settings] of [
    ['without bits', SQL],
    ['with bits in the queue entries', BITS],
  ]) {
    describe(`Apache's clients with SQL92 on ours, ${name}`, { concurrency: false }, () => {
      const context = cluster(OURS, { settings });
      for (const version of ['5.3.3', '4.9.7']) {
        test(`${version} gets what matches`, async () => {
          const topic = `SQL-${version.replaceAll('.', '_')}`;
          await createTopic(context, topic, QUEUES);
          const consuming = javaConsumes(version, context, topic, {
            group: `G-${topic}`,
            count: wanted.length,
          });
          // Half of it may come before the group is known, the rest after: both ways are right.
          await sleep(1_500);
          await send(context, topic);
          const { code, seqs, stderr } = await consuming;
          assert.equal(code, 0, stderr.slice(-2000));
          assert.deepEqual(seqs, wanted);
          // Another group, on what is stored already.
          const later = await javaConsumes(version, context, topic, {
            group: `H-${topic}`,
            text: 'price < 10',
            count: 10,
          });
          assert.deepEqual(later.seqs, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        });

        test(`${version} is told why its expression is refused`, async () => {
          const topic = `SQL-${version.replaceAll('.', '_')}`;
          const request = { group: 'G-refused', text: 'price >', count: 1 };
          const { code, stderr } = await javaConsumes(version, context, topic, request);
          assert.equal(code, 4, stderr.slice(-2000));
          assert.match(stderr, /line 1, column 8: unexpected end of the expression/);
        });
      }
    });
  }

  for (const version of ['5.3.3', '4.9.7']) {
    describe(`our client with SQL92 on Apache's ${version}`, { concurrency: false }, () => {
      const context = cluster(version, { settings: BITS });
      test('gets what matches', async () => {
        await createTopic(context, 'SQL-ours', QUEUES);
        await send(context, 'SQL-ours');
        assert.deepEqual(
          await weConsume(context, 'SQL-ours', 'G', { sql: EXPRESSION }, wanted.length),
          wanted,
        );
      });

      test('fails at the start with an expression that does not compile', async () => {
        const start = weConsume(context, 'SQL-ours', 'H', { sql: 'price >' }, 1);
        await assert.rejects(start, { code: 'SUBSCRIPTION_REFUSED' });
      });
    });
  }

  describe('a store with bits changes hands', () => {
    for (const [first, second] of [
      ['5.3.3', OURS],
      [OURS, '5.3.3'],
    ]) {
      test(`from ${first} to ${second}`, async () => {
        const servers = new Servers({ isBrief: true });
        try {
          const storeDir = servers.folder();
          const nameServer = await servers.nameServer(OURS);
          const port = await freePort();
          const options = { nameServer, storeDir, port, settings: BITS };
          const context = {
            nameServer,
            folder: servers.folder(),
            broker: await servers.broker(first, options),
          };
          await createTopic(context, 'Bits', QUEUES);
          const consuming = javaConsumes('5.3.3', context, 'Bits', { group: 'G', count: wanted.length });
          // Bits are calculated for the groups that are known when a message comes.
          await subscriberOf(context, 'G', 'Bits');
          await send(context, 'Bits');
          assert.deepEqual((await consuming).seqs, wanted);
          const shown = await shownEntries(context, 'Bits', 'G');
          for (const verdict of ['eval=true', 'eval=false']) assert.match(shown, new RegExp(verdict));
          await context.broker.stop();
          context.broker = await servers.broker(second, options);
          await routeOf(context, 'Bits');
          await send(context, 'Bits');
          // A group of its own finds both halves; the known one only what is new.
          const sql = { sql: EXPRESSION };
          assert.deepEqual(await weConsume(context, 'Bits', 'H', sql, 2 * wanted.length), wanted);
          assert.deepEqual(await weConsume(context, 'Bits', 'G', sql, wanted.length), wanted);
          assert.equal(await shownEntries(context, 'Bits', 'G'), shown);
        } finally {
          await servers.dispose();
        }
      });
    }
  });

  describe('a class filter', () => {
    const context = cluster(OURS, { settings: { filterServerNums: 1 } });

    test("of Apache's client 4.9.7 runs in our filter server", async () => {
      const { values } = filtersrvSettings.parse({ connectWhichBroker: context.broker.address });
      const server = new FiltersrvController(values);
      try {
        await server.start();
        await createTopic(context, 'Class', QUEUES);
        await send(context, 'Class');
        const text =
          'function match({ body, properties }) { return Number(body.slice(1)) > 250 && properties.region === "eu"; }';
        const expected = wantedBy((seq) => seq > 250 && regionOf(seq) === 'eu');
        const options = { group: 'G', kind: 'class', text, count: expected.length };
        const { code, seqs, stderr } = await javaConsumes('4.9.7', context, 'Class', options);
        assert.equal(code, 0, stderr.slice(-2000));
        assert.deepEqual(seqs, expected);
        assert.equal(server.filterCount, 1);
      } finally {
        await server.close();
      }
    });
  });
});

function wantedBy(predicate) {
  return Array.from({ length: COUNT }, (_, seq) => seq).filter(predicate);
}
