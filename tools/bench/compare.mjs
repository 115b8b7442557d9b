// Ours against Apache's 5.3.3, in turns on this machine, the same load generator on both:
//   node tools/bench/compare.mjs [--rows send128,pull] [--rounds 5] [--seconds 5] [--mqload PATH] [--base mqbroker.js]
// Each round measures a row once on each broker (A B, then B A, and so on); a warmed-up Java broker runs all rounds of a
// row. Prints a markdown table of medians and of the median of the rounds' ratios.
// --node-flags "--use-largepages=silent" runs ours, the current build, with flags of Node.
// --full-page-cache measures as on a server that has run for long (page-cache.mjs): takes as much room on the disk as there is memory.
// --alone starts a broker for each round, with nothing beside it: the threads of a JVM that has nothing to do take a tenth of a core,
// and a message of the other broker that meets them waits.
// --awake keeps the processors from being put to sleep (awake.mjs): what is left is the work of the broker.
// With --base the other side is an earlier build of ours instead: a copy of apps/broker/dist/mqbroker.js.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installApache } from '../interop/lib/apache.mjs';
import { OURS } from '../interop/lib/servers.mjs';
import { buildApp, root } from '../workspace.mjs';
import { keepAwake } from './awake.mjs';
import { buildLoadGenerator, fillBefore, loadArguments, measureRow, runLoad, settingsOf } from './load.mjs';
import { emptyPageCache, fillPageCache } from './page-cache.mjs';
import { rows } from './rows.mjs';
import { benchServers, JAVA } from './sides.mjs';
import { inTurns, median, sideMedians } from './turns.mjs';

/** What a fresh JVM needs until its compiled code is the one measured; ours gets the same. */
const WARM_UP_SECONDS = 20;
/** The same for rows that end when their work is done. */
const WARM_UP_RUNS = 4;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    mqload: { type: 'string', default: '' },
    base: { type: 'string', default: '' },
    'node-flags': { type: 'string', default: '' },
    'full-page-cache': { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    awake: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const chosen = values.rows === '' ? rows : rows.filter(({ name }) => values.rows.split(',').includes(name));
const mqload = values.mqload || buildLoadGenerator();

const nodeFlags = values['node-flags'].split(' ').filter(Boolean);
const base = values.base === '' ? undefined : resolve(values.base);
const other = base === undefined ? JAVA : OURS;

const filler = join(root, '.cache', 'page-cache');

const measure = (server, row) => measureRow(mqload, server, row, values.seconds);

/** Whom it is about: a kind of broker, and how it is run. */
const sides = [
  { kind: other, program: base },
  { kind: OURS, nodeArgs: nodeFlags },
];

async function prepare(servers, { kind, program, nodeArgs }, row) {
  const nameServer = await servers.nameServer(OURS);
  const broker = await servers.broker(kind, { nameServer, settings: settingsOf(row), program, nodeArgs });
  const server = { nameServer, broker };
  await fillBefore(mqload, server, row);
  if (!row.unbounded) await runLoad(mqload, loadArguments(server, row, WARM_UP_SECONDS, 0));
  else for (let i = 0; i < WARM_UP_RUNS; i++) await measure(server, row);
  return server;
}

/** `task` with servers that end with it. */
async function withServers(task) {
  if (values['full-page-cache']) fillPageCache(filler);
  const servers = benchServers();
  try {
    return await task(servers);
  } finally {
    await servers.dispose();
  }
}

/** Both are up for all rounds of a row. */
const measureTogether = (row) =>
  withServers(async (servers) => {
    const prepared = [];
    for (const side of sides) prepared.push(await prepare(servers, side, row));
    return inTurns(prepared, { rounds }, (server) => measure(server, row));
  });

/** Each is started for each round. */
const measureAlone = (row) =>
  inTurns(sides, { rounds }, (side) =>
    withServers(async (servers) => measure(await prepare(servers, side, row), row)),
  );

const show = (number) =>
  number >= 1000
    ? Math.round(number).toLocaleString('en')
    : number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2);

buildApp('nameserver', 'mqnamesrv.js');
buildApp('broker', 'mqbroker.js');
if (base === undefined) installApache(JAVA);
console.log(
  `| row | figure | ${base === undefined ? `Apache ${JAVA}` : 'before'} | ours | ratio (median of ${rounds}, min–max) | aim |`,
);
console.log('|---|---|---|---|---|---|');
const letSleep = values.awake ? keepAwake() : () => undefined;
try {
  for (const row of chosen) {
    const results = await (values.alone ? measureAlone : measureTogether)(row);
    for (const [title, figure, direction, want] of row.figures) {
      const ratios = results.map((round) => {
        const [theirFigure, ourFigure] = round.map(figure);
        return direction === 'less' ? theirFigure / ourFigure : ourFigure / theirFigure;
      });
      const cells = [
        row.title,
        title,
        ...sideMedians(results, figure).map(show),
        `${show(median(ratios))} × ${direction} (${show(Math.min(...ratios))}–${show(Math.max(...ratios))})`,
        want === undefined ? '' : `≥ ${want} ×`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
} finally {
  letSleep();
  emptyPageCache(filler);
}
