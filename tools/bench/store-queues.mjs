// What many queues cost: time to put, to flush, to close and to start again, memory, descriptors, and for how long the
// event loop was blocked meanwhile; and CPU time a message over all queues and over 8 of them, flushes included.
//
//   node tools/bench/store-queues.mjs [--topics 12500] [--queues 8] [--dir /tmp] [--steady 20]
//
// Each phase runs in a process of its own, so that its memory is its own. Every queue gets one to three messages; `steady`
// puts in turns of 64 for so many seconds. `recover` follows a kill; `cold` is a start without the boot journal.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '12500' },
    queues: { type: 'string', default: '8' },
    dir: { type: 'string', default: tmpdir() },
    steady: { type: 'string', default: '20' },
    phase: { type: 'string' },
    root: { type: 'string' },
  },
});
const topics = Number(values.topics);
const queues = Number(values.queues);
const count = topics * queues;
const PUTS_A_TURN = 200;
const topicNames = Array.from({ length: topics }, (_, i) => `Topic-of-an-ordinary-length-${i}`);

if (values.phase === undefined) runAll();
else await runPhase(values.phase);

function runAll() {
  const root = mkdtempSync(join(values.dir, 'mq-queues-'));
  try {
    for (const phase of ['fill', 'start', 'kill', 'recover', 'steady', 'cold']) {
      if (phase === 'cold') rmSync(join(root, 'mq-boot.journal'), { force: true });
      const args = ['--expose-gc', fileURLToPath(import.meta.url), '--phase', phase, '--root', root];
      args.push('--topics', values.topics, '--queues', values.queues, '--steady', values.steady);
      const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
      if (status !== 0 && !(phase === 'kill' && signal === 'SIGKILL')) throw new Error(`${phase} failed`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function runPhase(phase) {
  const { importSource } = await import('../reliability/sources.mjs');
  const { DefaultMessageStore, messageStoreSettings } = await importSource('@mq/store');
  const settings = {
    ...messageStoreSettings.defaults(),
    storePathRootDir: values.root,
    mappedFileSizeCommitLog: 256 * 1024 * 1024,
    flushConsumeQueueThoroughInterval: 2000,
  };
  const before = memory();
  const store = new DefaultMessageStore(settings);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const measure = async (name, work) => {
    delay.reset();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    await work();
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    await turn();
    const blocked = Math.round(delay.max / 1e6);
    console.log(
      `${phase.padEnd(8)}${name.padEnd(24)}${Math.round(ms).toString().padStart(8)} ms, ` +
        `${Math.round((user + system) / 1000)} ms CPU, loop blocked ${blocked} ms at most, ` +
        `${readdirSync('/proc/self/fd').length} descriptors`,
    );
  };
  const bytesEach = (name) => {
    const after = memory();
    const each = (key) => Math.round((after[key] - before[key]) / count);
    console.log(
      `${phase.padEnd(8)}${name.padEnd(24)}${each('used')} B heap and buffers a queue, ${each('private')} B private`,
    );
  };
  await measure('start', () => store.start());
  if (phase === 'fill') {
    bytesEach('memory, empty');
    await measure(`put ${count} queues`, () => fill(store));
    bytesEach('memory, dirty');
    await measure('thorough flush', () => marked(store));
    await measure('two idle flushes', () => idle(store));
    bytesEach('memory, idle');
    await measure('close', () => store.close());
    return;
  }
  bytesEach('memory, started');
  if (phase === 'steady') {
    for (const spread of [8, count, 8, count]) await steady(store, spread);
    await measure('close', () => store.close());
    return;
  }
  await measure('read 1000 queues', () => readSome(store));
  if (phase === 'kill') {
    await measure(`put ${count} queues`, () => fill(store));
    process.kill(process.pid, 'SIGKILL');
  }
  await measure('close', () => store.close());
}

/** One to three messages a queue, some hundred a turn. */
async function fill(store) {
  const message = ordinaryMessage();
  let wanted = 0;
  let acknowledged = 0;
  const waiter = {
    onPutResult({ status }) {
      if (status === 'PUT_OK') acknowledged++;
      else if (status !== 'OS_PAGE_CACHE_BUSY') throw new Error(status);
    },
  };
  for (let queue = 0; queue < count; queue++) {
    message.topic = topicNames[queue % topics];
    message.queueId = Math.floor(queue / topics);
    for (let n = 0; n <= queue % 3; n++) {
      store.append(message, waiter);
      if (++wanted % PUTS_A_TURN === 0) await turn();
    }
  }
  await turn();
  await turn();
  if (acknowledged !== wanted) throw new Error(`${wanted - acknowledged} of ${wanted} puts were refused`);
}

/** Puts one message after the other into each of `spread` queues, and prints what one costs. */
async function steady(store, spread) {
  const message = ordinaryMessage();
  let [sent, acknowledged] = [0, 0];
  const waiter = { onPutResult: ({ status }) => void (acknowledged += status === 'PUT_OK' ? 1 : 0) };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const seconds = Number(values.steady);
  while (performance.now() < startedAt + seconds * 1000) {
    for (let i = 0; i < 64; i++) {
      const queue = sent++ % spread;
      message.topic = topicNames[queue % topics];
      message.queueId = Math.floor(queue / topics);
      store.append(message, waiter);
    }
    await turn();
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  console.log(
    `steady  ${`${spread} queues`.padEnd(24)}${((user + system) / acknowledged).toFixed(2).padStart(8)} µs CPU a message, ` +
      `${Math.round(acknowledged / seconds)} a second, ${sent - acknowledged} refused, ` +
      `loop blocked ${Math.round(delay.max / 1e6)} ms at most, p99 ${Math.round(delay.percentile(99) / 1e6)} ms`,
  );
}

function ordinaryMessage() {
  const host = Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]);
  return {
    topic: '',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: Date.now(),
    bornHost: host,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.alloc(100, 120),
    properties: Buffer.from('UNIQ_KEY\u00017F0000016C2C4E0E2F2A69995A230204\u0002TAGS\u0001TagA\u0002'),
    waitStoreMsgOk: true,
  };
}

/** Resolves when a restart would read nothing again. */
async function marked(store) {
  const path = join(values.root, 'config', 'mq-recovery.json');
  for (;;) {
    try {
      if (JSON.parse(readFileSync(path, 'utf8')).logOffset === store.maxPhyOffset) return;
    } catch {
      // It is being replaced.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function idle(store) {
  // Marks are made when something was put.
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const body = Buffer.from('x');
    const none = Buffer.alloc(0);
    const host = Buffer.alloc(8);
    const facts = {
      flag: 0,
      sysFlag: 0,
      bornTimestamp: 0,
      bornHost: host,
      storeHost: host,
      reconsumeTimes: 0,
    };
    await store.put({
      ...facts,
      topic: 'Idle',
      queueId: 0,
      preparedTransactionOffset: 0,
      body,
      properties: none,
      waitStoreMsgOk: true,
    });
    await marked(store);
  }
}

async function readSome(store) {
  for (let queue = 0; queue < count; queue += Math.ceil(count / 1000)) {
    const topic = `Topic-of-an-ordinary-length-${queue % topics}`;
    const queueId = Math.floor(queue / topics);
    const offset = store.minOffsetInQueue(topic, queueId);
    const result = await store.getMessage({ group: 'G', topic, queueId, offset, maxMsgNums: 32 });
    if (result.messageCount < 1) throw new Error(`${topic}-${queueId}: ${result.status}`);
    result.release();
  }
}

function memory() {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
  const kilobytes = [...rollup.matchAll(/^Private_\w+: +(\d+) kB/gm)].reduce(
    (sum, [, kb]) => sum + Number(kb),
    0,
  );
  return { used: heapUsed + external, private: kilobytes * 1024 };
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
