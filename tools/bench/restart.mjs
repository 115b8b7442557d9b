// How soon a broker serves: from the start of its process to the first acknowledged message, ours and Apache's 5.3.3 in turns
// on this machine.
//
//   node tools/bench/restart.mjs [--rounds 3] [--mib 922] [--size 1024] [--only cold,kill] [--mqload PATH] [--program mqbroker.js]
//
// `cold`: an empty store. `kill`: the broker was killed (SIGKILL) while the load generator still sent, with --mib MiB in the
// log; each round writes a log of its own. Neither side is warm: it is the start that is measured. Prints every round, then a
// table of medians and the median of the rounds' ratios.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { installApache } from '../interop/lib/apache.mjs';
import { runToEnd } from '../interop/lib/command.mjs';
import { freePort, OURS } from '../interop/lib/servers.mjs';
import { buildApp } from '../workspace.mjs';
import { buildLoadGenerator, runLoad, settingsOf } from './load.mjs';
import { benchServers, JAVA } from './sides.mjs';
import { inTurns, median, sideMedians } from './turns.mjs';

const TOPIC = 'BenchTopic';
/** Record fields, topic, and the properties that the generator and the broker add, about. */
const RECORD_OVERHEAD_BYTES = 210;
/** The kill comes when this share of the log is acknowledged; the generator is still sending then. */
const KILL_AT = 1;
const PROBE_SECONDS = 120;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mib: { type: 'string', default: '922' },
    size: { type: 'string', default: '1024' },
    only: { type: 'string', default: 'cold,kill' },
    mqload: { type: 'string', default: '' },
    program: { type: 'string' },
    ours: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const mqload = values.mqload || buildLoadGenerator();
const messages = Math.ceil(
  (Number(values.mib) * 1024 * 1024 * KILL_AT) / (Number(values.size) + RECORD_OVERHEAD_BYTES),
);
const sides = values.ours ? [OURS] : [JAVA, OURS];

/** Milliseconds from the start of the broker's process to the first acknowledgement, and the broker. */
async function startAndProbe(servers, kind, nameServer, { storeDir, port }) {
  // The generator is there first and tries every few milliseconds.
  const probing = runToEnd(
    mqload,
    ['probe', '-broker', `127.0.0.1:${port}`, '-topic', TOPIC, '-seconds', String(PROBE_SECONDS)],
    { timeoutMs: (PROBE_SECONDS + 10) * 1000 },
  );
  await sleep(100);
  const startedAt = performance.now();
  const starting = servers.broker(kind, {
    nameServer,
    port,
    storeDir,
    settings: settingsOf({}),
    program: values.program,
  });
  const { code, stderr } = await probing;
  const ms = performance.now() - startedAt;
  if (code !== 0) throw new Error(`${kind}: ${stderr}`);
  return { ms, broker: await starting };
}

async function cold(kind) {
  const servers = benchServers();
  try {
    const nameServer = await servers.nameServer(OURS);
    const { ms } = await startAndProbe(servers, kind, nameServer, { port: await freePort() });
    return ms;
  } finally {
    await servers.dispose();
  }
}

async function afterKill(kind) {
  const servers = benchServers();
  try {
    const nameServer = await servers.nameServer(OURS);
    const { program } = values;
    const broker = await servers.broker(kind, { nameServer, settings: settingsOf({}), program });
    const load = ['-size', values.size, '-conns', '1', '-inflight', '64', '-codec', 'rocketmq'];
    const target = ['-ns', nameServer.address, '-topic', TOPIC];
    await runLoad(mqload, ['send', ...target, ...load, '-seconds', '240', '-count', String(messages)]);
    // Under load: what it sends now is cut off in the middle.
    const cut = runToEnd(mqload, ['send', ...target, ...load, '-seconds', '2', '-warmup', '0'], {
      timeoutMs: 60_000,
    });
    await sleep(500);
    await broker.kill();
    await cut;
    const { ms } = await startAndProbe(servers, kind, nameServer, broker);
    rmSync(broker.storeDir, { recursive: true, force: true });
    return ms;
  } finally {
    await servers.dispose();
  }
}

const seconds = (ms) => (ms / 1000).toFixed(2);

const ROWS = [
  ['cold', 'cold start, empty store', cold, 5],
  ['kill', `restart after SIGKILL, ${values.mib} MiB log`, afterKill, 3],
];

buildApp('nameserver', 'mqnamesrv.js');
if (values.program === undefined) buildApp('broker', 'mqbroker.js');
if (!values.ours) installApache(JAVA);
const table = [];
for (const [name, title, measure, aim] of ROWS) {
  if (!values.only.split(',').includes(name)) continue;
  const results = await inTurns(sides, { rounds }, async (side, round) => {
    const ms = await measure(side);
    console.log(`${name} ${round + 1}: ${side} ${seconds(ms)} s`);
    return ms;
  });
  if (values.ours) continue;
  const [java, ours] = sideMedians(results);
  const ratios = results.map(([theirMs, ourMs]) => theirMs / ourMs);
  const range = `${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)}`;
  table.push(
    `| ${title} | ${seconds(java)} s | ${seconds(ours)} s | ${median(ratios).toFixed(1)} × sooner (${range}) | ≥ ${aim} × |`,
  );
}
if (table.length > 0) {
  console.log(
    `\n| first acknowledged message | Apache ${JAVA} | ours | ratio (median of ${rounds}, min–max) | aim |`,
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const line of table) console.log(line);
}
