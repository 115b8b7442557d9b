// How consumers read, with both brokers and all clients: at their own pace, from where new groups begin, in order while others
// come, go and die, back to an earlier time, and not at all when their group may not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { APACHE_VERSIONS, programCommand } from '../lib/apache.mjs';
import { checkReceived, checkSent } from '../lib/checks.mjs';
import { administer, produce, runProgram } from '../lib/clients.mjs';
import { cluster, createTopic, subscriberOf } from '../lib/cluster.mjs';
import { eventually } from '../lib/eventually.mjs';
import { OURS } from '../lib/servers.mjs';

const JAVA = '5.3.3';
const LITE_PULL = ['LitePull', 'our-lite-pull.mjs'];
const START_FROM = ['StartFrom', 'our-start-from.mjs'];
const ourConsume = fileURLToPath(new URL('../programs/our-consume.mjs', import.meta.url));
/** A dead consumer's queues are locked for a minute; and a busy machine. */
const SECONDS = 150;
/** Messages that are sent in some seconds. */
const ROUND = 200;

const named = (what, client) => `${what}-${client.replaceAll('.', '')}`;
const places = (queueId, from, to) => Array.from({ length: to - from }, (_, i) => `${queueId}:${from + i}`);
const distinct = (lines) => new Set(lines.map(({ seq }) => seq)).size;

/** Starts a consumer that may be killed; `lines` are its deliveries so far, `problems` what it complained of. */
function startConsumer(
  client,
  { nameServer, folder },
  { topic, group, name, count = 1e9, mode = 'concurrent' },
) {
  const output = join(folder, `${group}-${name}.jsonl`);
  const words = [nameServer.address, topic, group, count, output, mode, '*', SECONDS].map(String);
  const [command, args] =
    client === OURS ? [process.execPath, [ourConsume, ...words]] : programCommand(client, 'Consume', words);
  let problems = '';
  let child;
  const run = () => {
    child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
    // A client that gave up while starting, on a machine too busy for its time-outs, is started again.
    return new Promise((resolve) => child.once('exit', (code) => resolve(code === 1 ? run() : code)));
  };
  const ended = run();
  return {
    lines: () => (existsSync(output) ? linesSoFar(output) : []),
    problems: () => problems,
    ended,
    kill: () => child.kill('SIGKILL') && ended,
  };
}

/** Without the end of a line that is being written. */
function linesSoFar(path) {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

async function until(isSo, what, seconds = SECONDS) {
  const found = await eventually(async () => (await isSo()) || undefined, seconds);
  assert.ok(found, found ? undefined : what());
}

// While one waits for the locks of the dead, the others go on.
describe('consumers', { concurrency: 2 }, () => {
  for (const brokerKind of [OURS, JAVA]) {
    const clients = brokerKind === OURS ? [OURS, ...APACHE_VERSIONS] : [OURS, JAVA];
    describe(`consumers on the broker ${brokerKind}`, { concurrency: 4 }, () => {
      const context = cluster(brokerKind, { nameServerKind: OURS });
      const running = [];
      after(() => Promise.all(running.map((consumer) => consumer.kill())));
      const start = (client, options) => {
        const consumer = startConsumer(client, context, options);
        running.push(consumer);
        return consumer;
      };

      if (brokerKind === OURS)
        test('order holds while consumers of all clients join, leave and are killed', async () => {
          const [topic, group] = ['Ordered', 'G-ordered'];
          await createTopic(context, topic);
          const consumers = [];
          const join = (client, options) => {
            const name = `${consumers.length}`;
            const consumer = start(client, { topic, group, name, mode: 'orderly', ...options });
            consumers.push(consumer);
            return until(
              () => consumer.lines().length > 0,
              () => `${name} has no share: ${consumer.problems()}`,
            );
          };
          const sent = [];
          let isSending = true;
          const sending = (async () => {
            while (isSending) {
              const round = { topic, from: sent.length, count: ROUND, mode: 'slow' };
              sent.push(...(await produce(JAVA, { ...context, ...round })));
            }
          })();
          await join(JAVA);
          await join('4.9.7', { count: 40 });
          await consumers[1].ended;
          await join(OURS);
          await consumers[0].kill();
          await join('4.9.7');
          isSending = false;
          await sending;
          checkSent(sent, sent.length);
          const came = () =>
            consumers.flatMap((consumer, number) => consumer.lines().map((line) => ({ ...line, number })));
          await until(
            () => distinct(came()) === sent.length,
            () => `${distinct(came())} of ${sent.length} messages are consumed`,
          );
          checkReceived(came(), { count: sent.length, sent, exactlyOnce: false });
          checkOrder(came());
        });

      for (const client of clients) {
        test(`${client} pulls by hand: assign, seek, pause, commit; another goes on from there`, async () => {
          const [topic, group] = [named('Lite', client), named('G-lite', client)];
          await createTopic(context, topic, 2);
          checkSent(await produce(client, { ...context, topic, count: 20 }), 20);
          const at = context.nameServer.address;
          const steps = await runProgram(client, LITE_PULL, ['assigned', at, topic, group]);
          assert.deepEqual(Object.fromEntries(steps.map(({ step, values }) => [step, values])), {
            assigned: [...places(0, 0, 10), ...places(1, 0, 10)],
            sought: places(0, 5, 10),
            paused: [],
            resumed: places(0, 0, 10),
            begun: places(1, 0, 10),
            ended: [],
            committed: [10, 10],
            left: [3, 7],
          });
          const other = client === OURS ? JAVA : OURS;
          const [{ values }] = await runProgram(other, LITE_PULL, ['subscribed', at, topic, group, 10]);
          assert.deepEqual(values, [...places(0, 3, 10), ...places(1, 7, 10)]);
          assert.match(await administer(client, context, 'consumerProgress', '-g', group), /Diff Total: 0/);
        });

        test(`${client} goes back to a time while it consumes`, async () => {
          const options = { topic: named('Reset', client), group: named('G-reset', client), name: 'live' };
          await createTopic(context, options.topic, 2);
          const consumer = start(client, options);
          await produce(client, { ...context, topic: options.topic, count: 20 });
          await sleep(1_100);
          const time = Date.now();
          await produce(client, { ...context, topic: options.topic, from: 20, count: 20 });
          await until(() => distinct(consumer.lines()) === 40, consumer.problems);
          const by = client === JAVA ? OURS : client === OURS ? JAVA : client;
          const where = ['-g', options.group, '-t', options.topic];
          const shown = await administer(by, context, 'resetOffsetByTime', ...where, '-s', `${time}`);
          assert.match(shown, /broker-a/, shown);
          await until(
            () => consumer.lines().length >= 60,
            () => `not reset: ${shown}${consumer.problems()}`,
          );
          await sleep(500);
          const again = consumer.lines().map(({ seq }) => seq);
          for (let seq = 0; seq < 40; seq++) {
            const times = again.filter((one) => one === seq).length;
            assert.equal(times, seq < 20 ? 1 : 2, `deliveries of ${seq} after ${shown}`);
          }
        });

        test(`${client} begins at the first message in a young log, whatever it says`, async () => {
          const topic = named('Young', client);
          await createTopic(context, topic, 2);
          const counts = await startFrom(client, context, topic, 'LAST=30');
          assert.deepEqual(counts, { LAST: { old: 10, mid: 10, new: 10 } });
        });

        test(`${client} gets nothing while its group may not consume, or not broadcast`, async () => {
          const topic = named('Forbidden', client);
          await createTopic(context, topic, 2);
          await produce(client, { ...context, topic, count: 20 });
          const at = ['-b', context.broker.address];
          await Promise.all(
            [
              ['concurrent', ['-s', 'false'], ['-s', 'true']],
              ['broadcast', ['-d', 'false'], ['-d', 'true']],
            ].map(async ([mode, forbid, allow]) => {
              const group = named(`G-${mode}`, client);
              const set = (words) =>
                administer(JAVA, context, 'updateSubGroup', ...at, '-g', group, ...words);
              assert.match(await set(forbid), /success/);
              const consumer = start(client, { topic, group, name: mode, mode });
              await subscriberOf(context, group, topic);
              await sleep(2_000);
              assert.deepEqual(consumer.lines(), [], `${mode}: before it is allowed`);
              assert.match(await set(allow), /success/);
              await until(
                () => distinct(consumer.lines()) === 20,
                () => `${mode}, allowed: ${distinct(consumer.lines())} of 20 ${consumer.problems()}`,
              );
              await consumer.kill();
            }),
          );
        });
      }
    });
  }

  for (const brokerKind of [OURS, '4.9.7']) {
    describe(`where new groups begin on the broker ${brokerKind}`, { concurrency: 2 }, () => {
      // So that every log counts as old; 5.3.3 asks the system instead what is in memory.
      const context = cluster(brokerKind, {
        nameServerKind: OURS,
        settings: { accessMessageInMemoryMaxRatio: 0 },
      });
      for (const client of brokerKind === OURS ? [OURS, ...APACHE_VERSIONS] : [OURS, brokerKind]) {
        test(`${client}: at the first message, at the next, at a time`, async () => {
          const topic = named('From', client);
          await createTopic(context, topic, 2);
          const kinds = 'FIRST=30,LAST=10,TIMESTAMP=20';
          const counts = await startFrom(client, context, topic, kinds);
          assert.deepEqual(counts, {
            FIRST: { old: 10, mid: 10, new: 10 },
            LAST: { new: 10 },
            TIMESTAMP: { mid: 10, new: 10 },
          });
        });
      }
    });
  }
});

async function startFrom(client, { nameServer }, topic, kinds) {
  const lines = await runProgram(client, START_FROM, [nameServer.address, topic, named('G', client), kinds]);
  return Object.fromEntries(lines.map(({ where, counts }) => [where, counts]));
}

/**
 * Whoever consumed it: in each queue the deliveries ascend, but for those that come again after their consumer died, and none
 * is passed over.
 */
function checkOrder(deliveries) {
  const queues = new Map();
  for (const delivery of deliveries.sort((a, b) => a.cameMs - b.cameMs || a.queueOffset - b.queueOffset)) {
    const { queueId, queueOffset, number } = delivery;
    const before = queues.get(queueId) ?? { next: 0, number };
    assert.ok(queueOffset <= before.next, `${number} passed ${before.next} of queue ${queueId} over`);
    if (queueOffset < before.next)
      assert.notEqual(number, before.number, `${number} got ${queueOffset} of ${queueId} again`);
    queues.set(queueId, { next: queueOffset + 1, number });
  }
}
