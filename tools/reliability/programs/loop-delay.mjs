// Loaded before a program (node --import): measures by how much its event loop is late, and what it holds. Each second it
// writes to the file named by MQ_LOOP_DELAY_FILE `p99 most own-p99 own-most`, milliseconds, of all the time since the last
// SIGURG, or its start. Own is what remains without the time that the thread was ready to run and had no processor: that is the
// machine's. At each SIGUSR2 it collects its garbage and writes what is left and what the heap takes, MiB, to the same name with
// `.retained`.
import { closeSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 10;
const MIB = 1024 * 1024;
const file = process.env.MQ_LOOP_DELAY_FILE;
const [late, own] = [createHistogram(), createHistogram()];

const statistics = openOrNot('/proc/thread-self/schedstat');
const text = Buffer.alloc(64);

function openOrNot(path) {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** Milliseconds this thread has waited for a processor so far; 0 where the system does not say. */
function waitedMs() {
  if (statistics === undefined) return 0;
  const length = readSync(statistics, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

function put(path, line) {
  writeFileSync(`${path}.new`, line);
  renameSync(`${path}.new`, path);
}

let [lookedAt, waited] = [performance.now(), waitedMs()];
function look() {
  const [at, waitedNow] = [performance.now(), waitedMs()];
  const lateMs = Math.max(0, at - lookedAt - EVERY_MS);
  late.record(1 + Math.round(lateMs * 1000));
  own.record(1 + Math.round(Math.max(0, lateMs - (waitedNow - waited)) * 1000));
  [lookedAt, waited] = [performance.now(), waitedMs()];
}
setInterval(look, EVERY_MS).unref();

const shown = (micros) => (micros / 1000).toFixed(1);
setInterval(() => {
  const facts = [late.percentile(99), late.max, own.percentile(99), own.max];
  put(file, facts.map(shown).join(' '));
}, 1_000).unref();

process.on('SIGURG', () => {
  late.reset();
  own.reset();
});
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  collectGarbage();
  collectGarbage();
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  put(
    `${file}.retained`,
    [heapUsed + external, heapTotal].map((bytes) => (bytes / MIB).toFixed(2)).join(' '),
  );
  [lookedAt, waited] = [performance.now(), waitedMs()];
});
process.on('exit', () => statistics !== undefined && closeSync(statistics));
