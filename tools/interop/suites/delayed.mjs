// Delayed messages across: levels, timers of any delay and recalls, with official clients on ours and ours on Apache's; and
// store directories with messages that wait, continued by the other broker. None is lost, none comes early.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runJava } from '../lib/apache.mjs';
import { readLines } from '../lib/checks.mjs';
import { cluster, createTopic, routeOf } from '../lib/cluster.mjs';
import { runToEnd } from '../lib/command.mjs';
import { eventually } from '../lib/eventually.mjs';
import { freePort, OURS, Servers } from '../lib/servers.mjs';

const TOPIC = 'DelayedTopic';
const SETTINGS = {
  messageDelayLevel: '1s 3s 20s',
  recallMessageEnable: true,
  mappedFileSizeTimerLog: 52 * 100 + 16,
};
const LEVELS_MS = [0, 1_000, 3_000, 20_000];
const TIMEOUT_SECONDS = 60;
/** Messages come when their slot of a second is over; a busy machine adds to that. */
const MOST_LATE_MS = 15_000;
/** `flushIntervalConsumeQueue` is one second; a busy machine adds to that. */
const WRITTEN_WITHIN_SECONDS = 10;
/** An entry of a consume queue: offset in the log (8 bytes), size (4), tags code (8). */
const ENTRY_BYTES = 20;
const SIZE_IN_ENTRY = 8;

const LEVELS = ['l1:level:1', 'l2:level:2', 'l1b:level:1'];
const TIMERS = ['t1:ms:1500', 't2:sec:3', 't3:at:2000', 't4:ms:400', 'r1:recall:4000', 't5:ms:4000'];

/** What is in a store that changes hands. 4.9.7 knows levels only. */
const WAITING_LEVELS = ['a:level:3', 'b:level:3', 'f:level:1', 'g:level:1'];
const WAITING = [
  'a:level:3',
  'b:ms:20000',
  'c:sec:25',
  'd:at:22000',
  'e:recall:24000',
  'f:level:1',
  'g:ms:1000',
];

const program = fileURLToPath(new URL('../programs/our-delayed.mjs', import.meta.url));
let nextFile = 0;

async function run(client, { folder, nameServer, topic = TOPIC }, mode, group, ...rest) {
  const output = join(folder, `delayed-${nextFile++}.jsonl`);
  const args = [mode, nameServer.address, topic, group, output, ...rest];
  const result =
    client === OURS
      ? await runToEnd(process.execPath, [program, ...args])
      : await runJava(client, 'Delayed', args);
  assert.equal(
    result.code,
    0,
    `${client} ${mode}: ${result.stderr.slice(-2000)}${result.stdout.slice(-500)}`,
  );
  return readLines(output);
}

const send = (client, context, delays) => run(client, context, 'send', 'delayed-producer', ...delays);
const receive = (client, context, count, group) =>
  run(client, context, 'receive', group, String(count), String(TIMEOUT_SECONDS));

/**
 * Waits until ours has written the queue entries of what level 3 delays, a second after the messages at the latest. 4.9.7
 * builds entries that are missing before it knows its levels, and delivers their messages at once.
 */
async function entriesWritten(storeDir, delays) {
  const count = delays.filter((delay) => delay.endsWith(':level:3')).length;
  const path = join(storeDir, 'consumequeue', 'SCHEDULE_TOPIC_XXXX', '2', '0'.repeat(20));
  const lastSizeAt = (count - 1) * ENTRY_BYTES + SIZE_IN_ENTRY;
  const isWritten = () => existsSync(path) && readFileSync(path).readInt32BE(lastSizeAt) > 0;
  assert.ok(await eventually(() => isWritten() || undefined, WRITTEN_WITHIN_SECONDS), 'entries are written');
}

/** `sent` are lines of `send`; messages to be recalled must not come. */
function check(delays, sent, received, { mayRepeat = false, mostLateMs = MOST_LATE_MS } = {}) {
  const sentMs = new Map(sent.map(({ id, sentMs }) => [id, sentMs]));
  const wanted = delays.filter((delay) => !delay.includes(':recall:')).map((delay) => delay.split(':'));
  assert.equal(sent.length, delays.length);
  for (const { status } of sent) assert.equal(status, 'SEND_OK');
  const ids = received.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)].sort(), wanted.map(([id]) => id).sort());
  if (!mayRepeat) assert.equal(ids.length, wanted.length, `each once: ${ids}`);
  for (const { id, cameMs } of received) {
    const [, kind, value] = wanted.find(([wantedId]) => wantedId === id);
    const delayMs = kind === 'level' ? LEVELS_MS[value] : kind === 'sec' ? value * 1000 : Number(value);
    const lateMs = cameMs - sentMs.get(id) - delayMs;
    assert.ok(lateMs >= 0, `${id} came ${-lateMs} ms early`);
    assert.ok(lateMs < mostLateMs, `${id} came ${lateMs} ms late`);
  }
}

describe('delayed messages', { concurrency: 4 }, () => {
  for (const [brokerKind, clients] of [
    [OURS, { '5.3.3': [...LEVELS, ...TIMERS], '4.9.7': LEVELS }],
    ['5.3.3', { [OURS]: [...LEVELS, ...TIMERS] }],
    ['4.9.7', { [OURS]: LEVELS }],
  ]) {
    describe(`delayed messages on the broker ${brokerKind}`, () => {
      const context = cluster(brokerKind, { nameServerKind: OURS, settings: SETTINGS });
      for (const [client, delays] of Object.entries(clients)) {
        test(`come to the client ${client} at their time`, async () => {
          const topic = `${TOPIC}-${client.replaceAll('.', '_')}`;
          await createTopic(context, topic);
          const wanted = delays.filter((delay) => !delay.includes(':recall:')).length;
          const receiving = receive(client, { ...context, topic }, wanted, `group-of-${topic}`);
          const sent = await send(client, { ...context, topic }, delays);
          check(delays, sent, await receiving);
        });
      }
    });
  }

  describe('store directories with messages that wait', { concurrency: 2 }, () => {
    for (const [first, end, second, delays] of [
      ['5.3.3', 'stop', OURS, WAITING],
      ['5.3.3', 'kill', OURS, WAITING],
      [OURS, 'stop', '5.3.3', WAITING],
      [OURS, 'kill', '5.3.3', WAITING],
      ['4.9.7', 'stop', OURS, WAITING_LEVELS],
      ['4.9.7', 'kill', OURS, WAITING_LEVELS],
      [OURS, 'kill', '4.9.7', WAITING_LEVELS],
    ]) {
      test(`begun by ${first} (${end}), continued by ${second}: none is lost, none early`, async () => {
        const servers = new Servers({ isBrief: true });
        try {
          const nameServer = await servers.nameServer(OURS);
          const context = { nameServer, folder: servers.folder() };
          const options = {
            nameServer,
            storeDir: servers.folder(),
            port: await freePort(),
            settings: SETTINGS,
          };
          const broker = await servers.broker(first, options);
          await createTopic({ nameServer, broker }, TOPIC);
          const sent = await send(OURS, context, delays);
          // The last two are due at once and delivered here.
          const soon = await receive(OURS, context, 2, 'before');
          if (first === OURS) await entriesWritten(options.storeDir, delays);
          if (end === 'kill') await broker.kill();
          else await broker.stop();
          await servers.broker(second, options);
          await routeOf(context, TOPIC);
          const wanted = delays.filter((delay) => !delay.includes(':recall:')).length;
          const received = await receive(OURS, context, wanted, 'after');
          assert.equal(soon.length, 2);
          // The other broker's start may take longer than a message waits.
          check(delays, sent, received, { mayRepeat: end === 'kill', mostLateMs: 120_000 });
        } finally {
          await servers.dispose();
        }
      });
    }
  });
});
