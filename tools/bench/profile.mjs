// Where a broker's CPU time goes while one row of rows.mjs runs:
//   node tools/bench/profile.mjs [--row send128] [--seconds 6] [--top 40] [--mqload PATH] [--keep FILE.cpuprofile]
// Starts our NameServer and our Broker with --cpu-prof, warms up, measures, and prints the self time of functions and
// files, in µs a message and as a share of the time the loop was busy. Only samples of the measured seconds count.
// --node-flags "--max-semi-space-size=16" runs the broker with other flags.
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { OURS, Servers } from '../interop/lib/servers.mjs';
import { buildApp } from '../workspace.mjs';
import { buildLoadGenerator, fillBefore, loadArguments, runLoad, settingsOf } from './load.mjs';
import { rows } from './rows.mjs';

const SAMPLE_EVERY_US = 200;
/** Until the optimizing compiler has seen the hot paths. */
const WARM_UP_SECONDS = 4;
const NOT_BUSY = new Set(['(idle)', '(root)']);

const { values } = parseArgs({
  options: {
    row: { type: 'string', default: 'send128' },
    seconds: { type: 'string', default: '6' },
    top: { type: 'string', default: '40' },
    mqload: { type: 'string', default: '' },
    keep: { type: 'string', default: '' },
    'node-flags': { type: 'string', default: '' },
  },
});
const row = rows.find(({ name }) => name === values.row);
if (row === undefined)
  throw new Error(`no row ${values.row}; there are ${rows.map(({ name }) => name).join(', ')}`);

buildApp('nameserver', 'mqnamesrv.js');
const program = buildApp('broker', 'mqbroker.js');
const mqload = values.mqload || buildLoadGenerator();

const servers = new Servers();
try {
  const folder = servers.folder('mq-profile-');
  const nameServer = await servers.nameServer(OURS);
  const broker = await servers.broker(OURS, {
    nameServer,
    settings: settingsOf(row),
    nodeArgs: [
      '--cpu-prof',
      `--cpu-prof-interval=${SAMPLE_EVERY_US}`,
      `--cpu-prof-dir=${folder}`,
      ...values['node-flags'].split(' ').filter(Boolean),
    ],
  });
  const server = { nameServer, broker };
  await fillBefore(mqload, server, row);
  if (!row.unbounded) await runLoad(mqload, loadArguments(server, row, WARM_UP_SECONDS, 0));
  const startUs = monotonicUs();
  const result = await runLoad(mqload, loadArguments(server, row, values.seconds, 0));
  const endUs = monotonicUs();
  await broker.stop();
  const file = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.cpuprofile')),
  );
  if (values.keep !== '') copyFileSync(file, values.keep);
  report(result, selfTimes(JSON.parse(readFileSync(file, 'utf8')), startUs, endUs, sourceOf(program)));
} finally {
  await servers.dispose();
}

/** The clock that V8 stamps profiles with. */
function monotonicUs() {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Function and file of a place in the bundled program, by its source map. */
function sourceOf(bundle) {
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')));
  const name = basename(bundle);
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.endsWith(name)) return url.replace(/^file:.*\//, '') || '(engine)';
    const { originalSource, originalLine } = map.findEntry(lineNumber, columnNumber);
    if (originalSource === undefined) return name;
    return `${originalSource.replace(/^.*(packages|node_modules)\//, '')}:${originalLine + 1}`;
  };
}

/** Sampled µs by function and by file, within [startUs, endUs). */
function selfTimes({ nodes, samples, timeDeltas, startTime }, startUs, endUs, place) {
  const frames = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      { name: callFrame.functionName || '(anonymous)', at: place(callFrame), isNative: callFrame.url === '' },
    ]),
  );
  // What the engine does is told apart by who asked for it.
  for (const { id, children = [] } of nodes) {
    const parent = frames.get(id);
    for (const child of children) {
      const frame = frames.get(child);
      if (frame.isNative && parent.name !== '(root)') frame.name += ` < ${parent.name} ${parent.at}`;
    }
  }
  const byFunction = new Map();
  const byFile = new Map();
  let nowUs = startTime;
  let busyUs = 0;
  samples.forEach((id, index) => {
    const deltaUs = timeDeltas[index];
    nowUs += deltaUs;
    const { name, at } = frames.get(id);
    if (nowUs < startUs || nowUs >= endUs || NOT_BUSY.has(name)) return;
    busyUs += deltaUs;
    add(byFunction, `${name}  ${at}`, deltaUs);
    add(byFile, at.replace(/:\d+$/, ''), deltaUs);
  });
  return { byFunction, byFile, busyUs };
}

function add(table, key, value) {
  table.set(key, (table.get(key) ?? 0) + value);
}

function report(result, { byFunction, byFile, busyUs }) {
  const messages = result.msgs;
  console.log(`${row.title}: ${Math.round(result.msg_per_s).toLocaleString('en')} messages a second,`);
  console.log(
    `${result.server_cpu_us_per_msg?.toFixed(2)} µs CPU a message, of them ${result.server_user_us_per_msg?.toFixed(2)} user;`,
  );
  console.log(`the loop was busy ${(busyUs / messages).toFixed(2)} µs a message (profiled)\n`);
  for (const [title, table] of [
    ['function', byFunction],
    ['file', byFile],
  ]) {
    console.log(`    µs/msg   share  ${title}`);
    const sorted = [...table].sort(([, a], [, b]) => b - a).slice(0, Number(values.top));
    for (const [key, us] of sorted) {
      const share = ((100 * us) / busyUs).toFixed(1);
      console.log(`${(us / messages).toFixed(3).padStart(10)} ${share.padStart(6)}%  ${key}`);
    }
    console.log();
  }
}
