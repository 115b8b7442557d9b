// Cost of an append with its write, dispatch and acknowledgement, without a network.
//
//   npm run build && node tools/bench/store-append.mjs [--messages 2000000] [--body 128] [--in-flight 64] [--sync]
//   node --cpu-prof tools/bench/store-append.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TurnScheduler } from '@mq/remoting';
import { DefaultMessageStore, messageStoreSettings } from '@mq/store';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000000' },
    body: { type: 'string', default: '128' },
    'in-flight': { type: 'string', default: '64' },
    queues: { type: 'string', default: '8' },
    keys: { type: 'boolean', default: true },
    sync: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
  },
});
const total = Number(values.messages);
const inFlight = Number(values['in-flight']);
const queues = Number(values.queues);

const root = mkdtempSync(join(values.dir, 'mq-bench-'));
const settings = {
  ...messageStoreSettings.defaults(),
  storePathRootDir: root,
  flushDiskType: values.sync ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
};
const store = new DefaultMessageStore(settings, { turn: new TurnScheduler() });
await store.start();

const host = Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]);
const message = {
  topic: 'BenchmarkTest',
  queueId: 0,
  flag: 0,
  sysFlag: 0,
  bornTimestamp: Date.now(),
  bornHost: host,
  storeHost: host,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.alloc(Number(values.body), 120),
  properties: Buffer.from(
    'UNIQ_KEY\u00017F0000016C2C4E0E2F2A69995A230204\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002',
  ),
  waitStoreMsgOk: true,
};

let sent = 0;
let done = 0;
let finish = () => {};
const waiter = {
  onPutResult(result) {
    if (result.status !== 'PUT_OK') throw new Error(`${result.status} ${result.remark ?? ''}`);
    done++;
    if (sent < total) toSend++;
    if (done === total) finish();
  },
};
// One immediate a turn appends what the turn before acknowledged, as a socket's chunk of frames would.
let toSend = Math.min(inFlight, total);
function pump() {
  for (; toSend > 0 && sent < total; toSend--) {
    message.queueId = sent++ % queues;
    store.append(message, waiter);
  }
  if (done < total) setImmediate(pump);
}

let arrivals = 0;
store.onArrival = () => arrivals++;
const finished = new Promise((resolve) => (finish = resolve));
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
pump();
await finished;
const elapsedMs = performance.now() - startedAt;
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1000;
console.log(
  `${total} appends of ${values.body} B, ${inFlight} in flight, ${settings.flushDiskType}: ` +
    `${Math.round((elapsedMs * 1e6) / total)} ns each, ${Math.round((cpuMs * 1e6) / total)} ns CPU, ` +
    `${Math.round((total / elapsedMs) * 1000)}/s, ${arrivals} arrivals`,
);
const closing = performance.now();
await store.close();
console.log(`closed in ${Math.round(performance.now() - closing)} ms`);
rmSync(root, { recursive: true, force: true });
