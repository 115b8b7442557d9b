// What one dispatched record costs: ConsumeQueue entry and index key, nanoseconds per call, best of some rounds.
//
//   node tools/bench/store-dispatch.mjs [records per round]
//
// Bundles the sources itself: these classes are not part of the package's public door. Writes to a temporary directory;
// flushing is measured apart.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = mkdtempSync(join(tmpdir(), 'mq-bench-'));
const { ConsumeQueueStore, FileDisk, IndexService, StoreCheckpoint } = await bundle({
  ConsumeQueueStore: 'consume-queue/consume-queue-store.js',
  FileDisk: 'disk/file-disk.js',
  IndexService: 'index/index-service.js',
  StoreCheckpoint: 'checkpoint.js',
});

const RECORDS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 5;

const disk = new FileDisk();

function report(name, nanoseconds, calls) {
  console.log(`${name.padEnd(58)} ${(nanoseconds / calls).toFixed(1).padStart(8)} ns`);
}

/** Best of ROUNDS of `round(n)`, which makes `calls` calls. */
function measure(name, calls, round) {
  let best = Infinity;
  for (let n = 0; n < ROUNDS; n++) {
    const startedAt = process.hrtime.bigint();
    round(n);
    best = Math.min(best, Number(process.hrtime.bigint() - startedAt));
  }
  report(name, best, calls);
}

function newQueues(name) {
  return new ConsumeQueueStore({ dir: join(root, name, 'consumequeue'), fileSizeBytes: 6_000_000 }, { disk });
}

for (const queueCount of [1, 16, 1000]) {
  const store = newQueues(`q${queueCount}`);
  const next = new Int32Array(queueCount);
  let physicalOffset = 0;
  measure(`putPosition, ${queueCount} queue(s) of one topic`, RECORDS, () => {
    for (let i = 0; i < RECORDS; i++) {
      const queueId = i % queueCount;
      store.putPosition('BenchTopic', queueId, next[queueId]++, physicalOffset, 300, 2598919);
      physicalOffset += 300;
    }
  });
  const startedAt = process.hrtime.bigint();
  await store.flush(0);
  report(`  thorough flush after it, per queue`, Number(process.hrtime.bigint() - startedAt), queueCount);
  store.close();
}

{
  const store = newQueues('idle');
  const before = process.memoryUsage();
  const count = 100_000;
  for (let queueId = 0; queueId < count; queueId++) store.findOrCreate(`Topic${queueId % 1000}`, queueId);
  const after = process.memoryUsage();
  console.log(
    `an idle queue holds about ${Math.round((after.heapUsed - before.heapUsed) / count)} bytes of heap`,
  );
  store.close();
}

{
  mkdirSync(join(root, 'i'), { recursive: true });
  const checkpoint = new StoreCheckpoint(disk, join(root, 'i', 'checkpoint'));
  const index = new IndexService(
    { dir: join(root, 'i', 'index'), maxHashSlotNum: 5_000_000, maxIndexNum: 20_000_000 },
    { disk, checkpoint },
  );
  // Distinct keys without making one per call: six of its bytes count, as base-64 digits of a kind.
  const key = Buffer.from('7F0000016C2C4E0E2F2A699958840000');
  let number = 0;
  const put = () => {
    for (let i = 0; i < RECORDS; i++) {
      for (let digit = 0, rest = number; digit < 6; digit++, rest >>>= 6)
        key[key.length - 6 + digit] = 0x30 + (rest & 63);
      index.put('BenchTopic', key, 0, key.length, number * 300, 1795262837466 + number);
      number++;
    }
  };
  measure('index.put, 32-byte unique key', RECORDS, put);
  const startedAt = process.hrtime.bigint();
  await index.flush();
  console.log(`  flush after it: ${(Number(process.hrtime.bigint() - startedAt) / 1e6).toFixed(0)} ms`);
  index.close();
  checkpoint.close();
}

rmSync(root, { recursive: true, force: true });

/** Classes by the source file that exports them, from one bundle. */
async function bundle(classes) {
  const outfile = join(root, 'bundle.mjs');
  const contents = Object.entries(classes).map(([name, path]) => `export { ${name} } from './${path}';`);
  const resolveDir = fileURLToPath(new URL('../../packages/store/src', import.meta.url));
  await build({
    stdin: { contents: contents.join('\n'), resolveDir, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@mq/source'],
  });
  return import(pathToFileURL(outfile).href);
}
