// Transactions: Apache's TransactionMQProducer on our Broker, our TransactionProducer on Apache's, and half messages that wait
// in a store directory while the brokers change.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runJava } from '../lib/apache.mjs';
import { checkReceived, readLines, bodyOf } from '../lib/checks.mjs';
import { consume } from '../lib/clients.mjs';
import { runToEnd } from '../lib/command.mjs';
import { OURS, Servers, freePort } from '../lib/servers.mjs';

const TOPIC = 'TransactTopic';
const GROUP = 'transact-producer';
const COUNT = 40;
const SECONDS = 60;
const ourProgram = fileURLToPath(new URL('../programs/our-transact.mjs', import.meta.url));

/** A program takes a while to start; nothing is given up meanwhile. */
const transactionCheckMax = 1_000;
const QUICK = { transactionTimeOut: 4_000, transactionCheckInterval: 500, transactionCheckMax };
/** 5.3.3 writes every 3 s which transactions have ended, and asks about those it has not written yet. */
const PATIENT = { transactionTimeOut: 8_000, transactionCheckInterval: 1_000, transactionCheckMax };
const checksOf = (kind) => (kind === OURS ? QUICK : PATIENT);

let nextFile = 0;

/** Runs Transact.java of a release, or our program; resolves with what it sent and was asked. */
async function transact(client, { nameServer, folder, from = 0, count = COUNT, mode = 'run' }) {
  const output = join(folder, `transact-${nextFile++}.jsonl`);
  const args = [nameServer.address, TOPIC, GROUP, from, count, output, mode, SECONDS].map(String);
  const { code, stdout, stderr } =
    client === OURS
      ? await runToEnd(process.execPath, [ourProgram, ...args])
      : await runJava(client, 'Transact', args, { alone: true });
  assert.equal(code, 0, `${client} producer: ${stderr.slice(-2000)}${stdout.slice(-1000)}`);
  const lines = readLines(output);
  return {
    sent: lines.filter((line) => 'sent' in line),
    checks: lines.filter((line) => 'check' in line),
  };
}

const numbers = (from, count, keep) =>
  Array.from({ length: count }, (_, index) => from + index).filter((seq) => keep(seq % 4));
const isCommitted = (rest) => rest === 0 || rest === 2;

/**
 * Every check names a message as consumers would get it, under the id that its sender was told. 5.3.3 may ask about others as
 * well: what has ended is known to it only once it is written.
 */
function checkAsked(brokerKind, checks, sent, awaited) {
  const asked = [...new Set(checks.map(({ check }) => check))].sort((a, b) => a - b);
  if (brokerKind === '5.3.3')
    assert.deepEqual(
      awaited.filter((seq) => !asked.includes(seq)),
      [],
      'not asked about',
    );
  else assert.deepEqual(asked, awaited, 'messages that were asked about');
  const idOf = new Map(sent.map(({ sent: seq, msgId }) => [seq, msgId]));
  for (const { check, topic, body, msgId } of checks) {
    assert.deepEqual([topic, body, msgId], [TOPIC, bodyOf(check), idOf.get(check)], `check of ${check}`);
  }
}

/** Everything committed is delivered, and nothing else; with `exactlyOnce` no message twice. */
async function checkDelivered({
  nameServer,
  folder,
  group,
  expected,
  exactlyOnce = true,
  checkedByApache = () => false,
}) {
  // One more than there may be: it waits for what must not come.
  const count = expected.length + 1;
  const received = await consume(OURS, {
    nameServer,
    folder,
    topic: TOPIC,
    group,
    count,
    timeoutSeconds: 8,
  });
  assert.deepEqual(
    [...new Set(received.map(({ seq }) => seq))].sort((a, b) => a - b),
    expected,
    'committed messages',
  );
  for (const message of received) {
    const { seq } = message;
    // Apache's brokers lose the flag of a message that they check.
    const flag = checkedByApache(seq) ? seq % 7 : message.flag;
    checkReceived([{ ...message, flag }], { from: seq, count: 1 });
  }
  if (exactlyOnce) assert.equal(received.length, expected.length, 'deliveries');
}

async function withServers(work) {
  const servers = new Servers({ isBrief: true });
  try {
    await work({ servers, nameServer: await servers.nameServer(OURS), folder: servers.folder() });
  } finally {
    await servers.dispose();
  }
}

/** Commit, rollback, and checks of what the sender did not know. */
function runOn(client, brokerKind) {
  test(`${client} producer on the broker of ${brokerKind}: commits, rolls back, is asked`, () =>
    withServers(async ({ servers, nameServer, folder }) => {
      await servers.broker(brokerKind, { nameServer, settings: checksOf(brokerKind) });
      const { sent, checks } = await transact(client, { nameServer, folder });
      const states = { COMMIT_MESSAGE: 'COMMIT', ROLLBACK_MESSAGE: 'ROLLBACK', UNKNOW: 'UNKNOWN' };
      assert.deepEqual(
        sent.map(({ status, state }) => [status, states[state] ?? state]),
        sent.map((_, seq) => ['SEND_OK', ['COMMIT', 'ROLLBACK', 'UNKNOWN', 'UNKNOWN'][seq % 4]]),
      );
      assert.ok(sent.every(({ msgId, transactionId }) => msgId === transactionId));
      checkAsked(
        brokerKind,
        checks,
        sent,
        numbers(0, COUNT, (rest) => rest >= 2),
      );
      const expected = numbers(0, COUNT, isCommitted);
      const exactlyOnce = brokerKind !== '5.3.3';
      const checkedByApache = () => brokerKind !== OURS;
      await checkDelivered({ nameServer, folder, group: 'reader', expected, exactlyOnce, checkedByApache });
    }));
}

/** Half messages wait in a directory; each next broker finds them, asks, and delivers what was committed. */
function continued(version, end) {
  test(`half messages left by ${version} (${end}) are checked by ours, those left by ours (${end}) by ${version}`, () =>
    withServers(async ({ servers, nameServer, folder }) => {
      const options = { nameServer, storeDir: servers.folder(), port: await freePort() };
      const leave = async (kind, client, from) => {
        const { sent, checks } = await transact(client, { nameServer, folder, from, mode: 'leave' });
        assert.deepEqual(checks, [], `${kind} asked nobody yet`);
        return sent;
      };
      const finish = (broker) => (end === 'kill' ? broker.kill() : broker.stop());
      const calm = { transactionTimeOut: 600_000, transactionCheckInterval: 500 };

      const first = await servers.broker(version, { ...options, settings: calm });
      const leftByApache = await leave(version, version, 0);
      await finish(first);

      const second = await servers.broker(OURS, { ...options, settings: QUICK });
      const askedByOurs = await transact(version, { nameServer, folder, mode: 'check' });
      checkAsked(
        OURS,
        askedByOurs.checks,
        leftByApache,
        numbers(0, COUNT, () => true),
      );
      await checkDelivered({
        nameServer,
        folder,
        group: 'reader-1',
        expected: numbers(0, COUNT, isCommitted),
      });
      await second.stop();

      const third = await servers.broker(OURS, { ...options, settings: calm });
      const leftByOurs = await leave(OURS, OURS, COUNT);
      await finish(third);

      await servers.broker(version, { ...options, settings: PATIENT });
      const askedByApache = await transact(OURS, { nameServer, folder, from: COUNT, mode: 'check' });
      checkAsked(
        version,
        askedByApache.checks,
        leftByOurs,
        numbers(COUNT, COUNT, () => true),
      );
      const expected = numbers(0, 2 * COUNT, isCommitted);
      const exactlyOnce = version !== '5.3.3';
      const checkedByApache = (seq) => seq >= COUNT;
      await checkDelivered({ nameServer, folder, group: 'reader-2', expected, exactlyOnce, checkedByApache });
    }));
}

// Each has servers of its own, and waits most of the time.
describe('transactions', { concurrency: 3 }, () => {
  for (const version of ['5.3.3', '4.9.7']) {
    runOn(version, OURS);
    runOn(OURS, version);
    continued(version, version === '5.3.3' ? 'kill' : 'stop');
  }
  runOn(OURS, OURS);
});
