// A large log: writing it, opening it again after a stop, after a kill and as a stranger's, and reading it from its begin
// while others append.
//
//   node tools/bench/store-large.mjs [--gib 10] [--body 1000] [--dir /tmp] [--keep]
//
// Each phase runs in a process of its own. `stranger` opens the directory without this store's own recovery mark, after
// a clean stop and after a kill.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '10' },
    body: { type: 'string', default: '1000' },
    dir: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    phase: { type: 'string' },
    root: { type: 'string' },
  },
});
const QUEUES = 16;
const PUTS_A_TURN = 64;
const COLD_READ_BYTES = 2 * 1024 ** 3;
const goal = Number(values.gib) * 1024 ** 3;

const PHASES = ['write', 'reopen', 'kill', 'recover', 'stranger', 'stranger after kill', 'cold reads'];

function runAll() {
  const root = values.root ?? mkdtempSync(join(values.dir, 'mq-large-'));
  try {
    for (const phase of PHASES) {
      if (phase.startsWith('stranger')) rmSync(join(root, 'config', 'mq-recovery.json'), { force: true });
      if (phase.startsWith('stranger')) rmSync(join(root, 'config', 'mq-recovery.json.bak'), { force: true });
      if (phase === 'stranger after kill') writeFileSync(join(root, 'abort'), '');
      const args = [
        ...process.execArgv,
        '--expose-gc',
        fileURLToPath(import.meta.url),
        '--phase',
        phase,
        '--root',
        root,
      ];
      args.push('--gib', values.gib, '--body', values.body);
      const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
      if (status !== 0 && !(phase === 'kill' && signal === 'SIGKILL')) throw new Error(`${phase} failed`);
    }
  } finally {
    if (!values.keep) rmSync(root, { recursive: true, force: true });
  }
}

async function runPhase(phase) {
  const { importSource } = await import('../reliability/sources.mjs');
  const { DefaultMessageStore, messageStoreSettings } = await importSource('@mq/store');
  const settings = { ...messageStoreSettings.defaults(), storePathRootDir: values.root };
  const lines = [];
  const logger = {
    debug() {},
    warn: console.warn,
    error: console.error,
    info: (text, facts) => lines.push([text, facts]),
  };
  logger.child = () => logger;
  const store = new DefaultMessageStore(settings, { logger });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const measure = async (name, work) => {
    delay.reset();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const more = (await work()) ?? '';
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    await turn();
    console.log(
      `${phase.padEnd(20)}${name.padEnd(14)}${Math.round(ms).toString().padStart(8)} ms, ` +
        `${Math.round((user + system) / 1000)} ms CPU, loop blocked ${Math.round(delay.max / 1e6)} ms at most${more}`,
    );
  };
  await measure('start', async () => {
    await store.start();
    const [, recovered] = lines.find(([text]) => text === 'store recovered') ?? [];
    if (recovered !== undefined)
      return `, read ${mib(recovered.end - recovered.from)} again, ${recovered.ms} ms`;
  });
  if (phase === 'write') await measure('write', () => write(store, goal));
  if (phase === 'cold reads') await measure('read', () => readAndAppend(store));
  if (phase === 'kill') {
    await measure('write', () => write(store, store.maxPhyOffset + Math.min(goal, 256 * 1024 ** 2)));
    process.kill(process.pid, 'SIGKILL');
  }
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const descriptors = readdirSync('/proc/self/fd').length;
  console.log(
    `${phase.padEnd(20)}${'memory'.padEnd(14)}${mib(heapUsed)} heap, ${mib(external)} buffers, ${mib(rss)} resident, ${mib(privateBytes())} private, ${descriptors} descriptors`,
  );
  await measure('close', () => store.close());
}

/** Appends until the log ends at `end`. */
async function write(store, end) {
  const startedAt = performance.now();
  const from = store.maxPhyOffset;
  const puts = new Puts(store);
  while (store.maxPhyOffset < end) {
    puts.some(PUTS_A_TURN);
    await turn();
  }
  await puts.settled();
  const seconds = (performance.now() - startedAt) / 1000;
  return `, ${mib((store.maxPhyOffset - from) / seconds)}/s, ${Math.round(puts.count / seconds)} puts/s`;
}

/** One reader from the begin of the log, as fast as it is served, beside a steady 64 puts a millisecond or so. */
async function readAndAppend(store) {
  const puts = new Puts(store);
  let reading = true;
  let bytes = 0;
  const reader = async (queueId) => {
    let offset = store.minOffsetInQueue('Large', queueId);
    while (reading) {
      const result = await store.getMessage({ group: 'G', topic: 'Large', queueId, offset, maxMsgNums: 32 });
      if (result.status !== 'FOUND') {
        result.release();
        return;
      }
      bytes += result.bufferTotalSize;
      offset = result.nextBeginOffset;
      result.release();
      if (bytes > COLD_READ_BYTES) reading = false;
    }
  };
  const startedAt = performance.now();
  const readers = Promise.all(Array.from({ length: 4 }, (_, queueId) => reader(queueId))).then(
    () => (reading = false),
  );
  while (reading) {
    puts.some(4);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await readers;
  await puts.settled();
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = Float64Array.from(puts.latencies).sort();
  const at = (share) => sorted[Math.floor(sorted.length * share)]?.toFixed(2);
  return `, ${mib(bytes / seconds)}/s read, ${puts.count} puts: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, most ${sorted.at(-1)?.toFixed(1)} ms`;
}

class Puts {
  count = 0;
  latencies = [];
  #done = 0;
  #random = 1;
  #message = {
    topic: 'Large',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: Date.now(),
    bornHost: Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]),
    storeHost: Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.alloc(Number(values.body), 120),
    properties: Buffer.from('UNIQ_KEY\u00017F0000016C2C4E0E2F2A699900000000\u0002TAGS\u0001TagA\u0002'),
    waitStoreMsgOk: true,
  };

  constructor(store) {
    this.store = store;
  }

  some(count) {
    const at = performance.now();
    const waiter = {
      onPutResult: ({ status }) => {
        if (status !== 'PUT_OK') throw new Error(status);
        this.latencies.push(performance.now() - at);
        this.#done++;
      },
    };
    for (let i = 0; i < count; i++) {
      this.#message.queueId = this.count++ % QUEUES;
      // Keys that differ, as real ones do: they spread over the whole index.
      this.#random = (this.#random * 48271) % 2147483647;
      this.#message.properties.write(this.#random.toString(16).padStart(8, '0'), 33, 'latin1');
      this.store.append(this.#message, waiter);
    }
  }

  async settled() {
    while (this.#done < this.count) await turn();
  }
}

function privateBytes() {
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
  return [...rollup.matchAll(/^Private_\w+: +(\d+) kB/gm)].reduce(
    (sum, [, kb]) => sum + Number(kb) * 1024,
    0,
  );
}

function mib(bytes) {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 1e8 ? 1 : 0)} MiB`;
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

if (values.phase === undefined) runAll();
else await runPhase(values.phase);
