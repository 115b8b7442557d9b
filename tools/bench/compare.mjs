// Ours against Apache's 5.3.3, in turns on this machine, the same load generator on both:
//   node tools/bench/compare.mjs [--rows send128,pull] [--rounds 5] [--seconds 5] [--mqload PATH]
// Each round measures a row once on each broker (A B, then B A, and so on); a warmed-up Java broker runs all rounds of a
// row. Prints a markdown table of medians and of the median of the rounds' ratios.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installApache } from '../interop/lib/apache.mjs';
import { runOrThrow, runToEnd } from '../interop/lib/command.mjs';
import { OURS, Servers } from '../interop/lib/servers.mjs';
import { buildApp, root } from '../workspace.mjs';
import { rows } from './rows.mjs';

const JAVA = '5.3.3';
/** What a fresh JVM needs until its compiled code is the one measured. */
const JAVA_WARM_UP_SECONDS = 20;
const TOPIC = 'BenchTopic';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    mqload: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const chosen = values.rows === '' ? rows : rows.filter(({ name }) => values.rows.split(',').includes(name));
const mqload = values.mqload || buildLoadGenerator();

function buildLoadGenerator() {
  const source = join(root, '..', 'shared', 'bench', 'loadgen');
  if (!existsSync(source))
    throw new Error('the load generator is not beside the repository; give --mqload PATH');
  const binary = join(root, '.cache', 'mqload');
  mkdirSync(join(root, '.cache'), { recursive: true });
  runOrThrow('go', ['build', '-o', binary, '.'], { cwd: source });
  return binary;
}

async function load(args) {
  const { code, stdout, stderr } = await runToEnd(mqload, args, { timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`mqload ${args.join(' ')}: ${stderr}${stdout}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const target = ({ nameServer, broker }) => [
  '-ns',
  nameServer.address,
  '-topic',
  TOPIC,
  '-server-pid',
  String(broker.pid),
];

async function measure(server, row) {
  const bounds = row.unbounded ? [] : ['-seconds', values.seconds, '-warmup', '1'];
  return load([row.load[0], ...target(server), ...row.load.slice(1), ...bounds]);
}

async function prepare(servers, kind, row) {
  const nameServer = await servers.nameServer(OURS);
  const settings = {
    mappedFileSizeCommitLog: 1024 * 1024 * 1024,
    mappedFileSizeConsumeQueue: 6_000_000,
    // mqload sends as fast as it can: neither broker shall refuse for being asked too much.
    waitTimeMillsInSendQueue: 10_000,
    ...row.settings,
  };
  const broker = await servers.broker(kind, { nameServer, settings });
  const server = { nameServer, broker };
  const warmUp = kind === OURS ? 4 : JAVA_WARM_UP_SECONDS;
  if (row.fill)
    await load([
      'send',
      ...target(server),
      '-size',
      '128',
      '-conns',
      '1',
      '-inflight',
      '64',
      '-codec',
      'rocketmq',
      '-count',
      String(row.fill),
    ]);
  if (row.load[0] === 'pull') for (let i = 0; i < (kind === OURS ? 1 : 4); i++) await measure(server, row);
  else
    await load([
      row.load[0],
      ...target(server),
      ...row.load.slice(1),
      '-seconds',
      String(warmUp),
      '-warmup',
      '0',
    ]);
  return server;
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};
const show = (number) =>
  number >= 1000
    ? Math.round(number).toLocaleString('en')
    : number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2);

buildApp('nameserver', 'mqnamesrv.js');
buildApp('broker', 'mqbroker.js');
installApache(JAVA);
console.log(`| row | figure | Apache ${JAVA} | ours | ratio (median of ${rounds}, min–max) | aim |`);
console.log('|---|---|---|---|---|---|');
for (const row of chosen) {
  const servers = new Servers();
  try {
    const java = await prepare(servers, JAVA, row);
    const ours = await prepare(servers, OURS, row);
    const results = [];
    for (let round = 0; round < rounds; round++) {
      const pair = {};
      for (const side of round % 2 === 0 ? ['java', 'ours'] : ['ours', 'java']) {
        pair[side] = await measure(side === 'java' ? java : ours, row);
      }
      results.push(pair);
    }
    for (const [title, figure, direction, want] of row.figures) {
      const ratios = results.map((pair) =>
        direction === 'less' ? figure(pair.java) / figure(pair.ours) : figure(pair.ours) / figure(pair.java),
      );
      const cells = [
        row.title,
        title,
        show(median(results.map(({ java: result }) => figure(result)))),
        show(median(results.map(({ ours: result }) => figure(result)))),
        `${show(median(ratios))} × ${direction} (${show(Math.min(...ratios))}–${show(Math.max(...ratios))})`,
        want === undefined ? '' : `≥ ${want} ×`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  } finally {
    await servers.dispose();
  }
}
