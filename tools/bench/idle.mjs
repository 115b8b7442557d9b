// CPU and private memory of a broker without clients, Apache's 5.3.3 and ours at the same time:
//   node tools/bench/idle.mjs [--settle 30] [--seconds 60]
// --settle: what start-up, its compiler and its garbage collector are given to come to rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';
import { cpuSeconds, privateMegabytes } from './process.mjs';
import { JAVA, benchServers, prepareSides, startSide, tableHead, tableRow } from './sides.mjs';

const { values } = parseArgs({
  options: {
    settle: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '60' },
  },
});
const seconds = Number(values.seconds);

prepareSides();
const servers = benchServers();
try {
  const pids = [];
  for (const kind of [JAVA, OURS]) pids.push((await startSide(servers, kind)).broker.pid);
  await sleep(Number(values.settle) * 1000);
  const before = pids.map(cpuSeconds);
  await sleep(seconds * 1000);
  const percent = pids.map((pid, index) => (100 * (cpuSeconds(pid) - before[index])) / seconds);
  console.log(tableHead);
  console.log(tableRow('idle, CPU in % of a core', ...percent, '≥ 5 ×'));
  console.log(tableRow('idle, private memory MB', ...pids.map(privateMegabytes), '≥ 3 ×'));
} finally {
  await servers.dispose();
}
