// From the start of a broker's process, on an empty store, to its first acknowledged message:
//   node tools/bench/cold-start.mjs [--rounds 5] [--mqload PATH]
// `mqload probe` begins with the process and sends on fresh connections until one is answered. CPU is what the process had
// used by then.
import { parseArgs } from 'node:util';
import { freePort, OURS } from '../interop/lib/servers.mjs';
import { buildLoadGenerator, runLoad, settingsOf } from './load.mjs';
import { cpuSeconds } from './process.mjs';
import { JAVA, benchServers, prepareSides, tableHead, tableRow } from './sides.mjs';
import { inTurns, sideMedians } from './turns.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, mqload: { type: 'string', default: '' } },
});
const mqload = values.mqload || buildLoadGenerator();

/** Milliseconds and CPU seconds to the first acknowledgement. */
async function coldStart(kind) {
  const servers = benchServers();
  try {
    const nameServer = await servers.nameServer(OURS);
    const port = await freePort();
    const startMs = performance.now();
    const started = servers.broker(kind, { nameServer, port, settings: settingsOf({}) });
    await runLoad(mqload, [
      'probe',
      '-broker',
      `127.0.0.1:${port}`,
      '-topic',
      'BenchTopic',
      '-seconds',
      '60',
    ]);
    const elapsedMs = performance.now() - startMs;
    const { pid } = await started;
    return { elapsedMs, cpu: cpuSeconds(pid) };
  } finally {
    await servers.dispose();
  }
}

prepareSides();
const results = await inTurns([JAVA, OURS], { rounds: Number(values.rounds) }, coldStart);
const figure = (name) => sideMedians(results, (result) => result[name]);
console.log(tableHead);
console.log(tableRow('cold start to the first acknowledged message, ms', ...figure('elapsedMs'), ''));
console.log(tableRow('CPU seconds of it', ...figure('cpu'), ''));
