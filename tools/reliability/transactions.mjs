// Brokers and producers are killed in the middle of transactions: what was committed is delivered, once; what was rolled back
// never is; what nobody had decided is asked about until it is. Every message is accounted for. Ends with controls that must
// fail: producers that commit what was rolled back, and a check that was moved past half messages.
//   node tools/reliability/transactions.mjs [--cycles 300] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RequestCode } = await importSource('@mq/remoting/protocol');

const program = fileURLToPath(new URL('programs/transaction-producer.mjs', import.meta.url));
const TOPIC = 'TransactionTopic';
const GROUP = 'transaction-group';
const QUEUES = 4;
const PRODUCERS = 2;
const CHECK_INTERVAL_MS = 200;
/** Nothing new for so long, while something is missing: it will not come. */
const STANDSTILL_MS = 20_000;
/** Checks are over after so many rounds without a new message. */
const QUIET_MS = 10 * CHECK_INTERVAL_MS;

/** Producer processes, and what they have decided. */
class Producers {
  /** message -> COMMIT | ROLLBACK, the first word that came */
  decisions = new Map();
  failedSends = 0;
  #children = [];
  #args;

  constructor(nameServer, honest) {
    this.#args = [nameServer.address, GROUP, TOPIC, String(honest)];
  }

  /** Starts those that are missing; all send from now on. */
  async start() {
    while (this.#children.length < PRODUCERS) {
      const child = fork(program, this.#args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      this.#children.push(child);
      const ready = new Promise((resolve, reject) => {
        child.on('message', (message) => (message === 'ready' ? resolve() : this.#hear(child, message)));
        child.once('exit', (code) => reject(new Error(`a producer ended with ${code}`)));
      });
      await ready;
    }
    for (const child of this.#children) child.send('start');
  }

  /** No new transactions; checks are answered on. */
  pause() {
    for (const child of this.#children) child.send('stop');
  }

  /** Kills one of them, and forgets it. */
  async kill() {
    const child = this.#children.shift();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop() {
    while (this.#children.length > 0) await this.kill();
  }

  #hear(child, { question, id, wanted, failed }) {
    if (failed !== undefined) {
      this.failedSends += failed;
      return;
    }
    const decision = this.decisions.get(id) ?? wanted;
    this.decisions.set(id, decision);
    if (child.connected) child.send({ question, decision }, () => undefined);
  }
}

/** message -> how often it is in the topic. Queue offsets must have no hole. */
async function delivered(address) {
  const client = rawClient();
  const counts = new Map();
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const from = await client.offset(address, RequestCode.GET_MIN_OFFSET, TOPIC, queueId);
      let next = from;
      for (const { queueOffset, body } of await client.readQueue(address, TOPIC, queueId, from)) {
        if (queueOffset !== next) throw new Error(`hole in queue ${queueId} before ${queueOffset}`);
        next++;
        counts.set(body, (counts.get(body) ?? 0) + 1);
      }
    }
  } finally {
    await client.close();
  }
  return counts;
}

/** Waits until all that was committed is there and nothing more comes, or for good. */
async function untilQuiet(address, decisions) {
  let counts = await delivered(address);
  let changedAt = performance.now();
  for (;;) {
    await sleep(QUIET_MS / 4);
    const before = total(counts);
    counts = await delivered(address);
    const now = performance.now();
    if (total(counts) !== before) changedAt = now;
    const isComplete = [...decisions].every(([id, decision]) => decision !== 'COMMIT' || counts.has(id));
    if (now - changedAt > (isComplete ? QUIET_MS : STANDSTILL_MS)) return counts;
  }
}

const total = (counts) => [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What is wrong, as sentences. */
function violationsOf(decisions, counts) {
  const found = [];
  for (const [id, decision] of decisions) {
    if (decision === 'COMMIT' && !counts.has(id)) found.push(`committed ${id} is lost`);
    if (decision === 'ROLLBACK' && counts.has(id)) found.push(`rolled back ${id} was delivered`);
  }
  for (const [id, count] of counts) {
    if (count > 1) found.push(`${id} was delivered ${count} times`);
    if (!decisions.has(id)) found.push(`${id} was delivered and nobody had decided it`);
  }
  return found;
}

async function campaign({ server = OURS, flush, cycles, seed, honest = true, sabotage = () => undefined }) {
  const random = seededRandom(seed);
  const servers = await clusterOf(server);
  let producers;
  try {
    const nameServer = await servers.nameServer(OURS);
    const options = {
      nameServer,
      storeDir: servers.folder('mq-transactions-'),
      port: await freePort(),
      settings: {
        flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
        transactionTimeOut: 300,
        transactionCheckInterval: CHECK_INTERVAL_MS,
        // Nothing is given up, however often its producers are away.
        transactionCheckMax: 1_000_000,
        // Op messages and offsets reach the disk between two kills, and are lost now and then as well.
        transactionOpBatchInterval: 200,
        flushConsumerOffsetInterval: 300,
      },
    };
    let broker = await servers.broker(server, options);
    const client = rawClient();
    await client.createTopic(broker.address, TOPIC, QUEUES);
    await client.close();
    producers = new Producers(nameServer, honest);
    const kills = { broker: 0, producer: 0 };
    for (let cycle = 0; cycle < cycles; cycle++) {
      await producers.start();
      await sleep(random.between(300, 1_500));
      const victim = random.next();
      if (victim < 0.75) {
        kills.broker++;
        await broker.kill();
      }
      if (victim > 0.5) {
        kills.producer++;
        await producers.kill();
      }
      if (victim >= 0.75) continue;
      sabotage(options.storeDir, cycle);
      broker = await servers.broker(server, options);
    }
    // Who answers the last checks has to be there.
    await producers.start();
    producers.pause();
    const counts = await untilQuiet(broker.address, producers.decisions);
    const { decisions, failedSends } = producers;
    const violations = violationsOf(decisions, counts);
    const committed = [...decisions.values()].filter((decision) => decision === 'COMMIT').length;
    const twice = [...counts.values()].filter((count) => count > 1).length;
    await producers.stop();
    await broker.stop();
    return { kills, committed, rolledBack: decisions.size - committed, failedSends, twice, violations };
  } finally {
    await producers?.stop();
    await servers.dispose();
  }
}

/** A control: the check is told that it has looked at all half messages there will be. */
function skipHalfMessages(store) {
  const file = join(store, 'config', 'consumerOffset.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    text.replace(/("RMQ_SYS_TRANS_HALF_TOPIC@CID_RMQ_SYS_TRANS":\s*\{\s*"?0"?:)\d+/, '$1999999999'),
  );
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '300' },
    flush: { type: 'string', default: 'both' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const cycles = Number(values.cycles);
const seed = Number(values.seed);
let failed = false;
for (const flush of values.flush === 'both' ? ['async', 'sync'] : [values.flush]) {
  const result = await campaign({ server: values.server, flush, cycles, seed });
  const { kills, committed, rolledBack, failedSends, twice, violations } = result;
  console.log(
    `${values.server === OURS ? '' : `Apache ${values.server}: `}${flush} flush: ${kills.broker} brokers and ` +
      `${kills.producer} producers killed, ${committed} committed, ${rolledBack} rolled back, ${failedSends} sends failed, ` +
      `${twice} delivered twice, ${violations.length} violations, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  if (violations.length > 0 || committed === 0 || rolledBack === 0) failed = true;
}
const controls = [
  { name: 'producers that commit what was rolled back', honest: false },
  { name: 'half messages skipped by the check', sabotage: skipHalfMessages },
];
for (const { name, ...options } of values.server === OURS ? controls : []) {
  const { violations } = await campaign({ flush: 'async', cycles: 4, seed, ...options }).catch((error) => ({
    violations: [String(error)],
  }));
  console.log(`control (${name}): ${violations.length > 0 ? 'detected, as it must be' : 'NOT detected'}`);
  for (const violation of violations.slice(0, 1)) console.log(`  ${violation}`);
  if (violations.length === 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
