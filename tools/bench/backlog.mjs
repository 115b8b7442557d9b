// Whether a long backlog makes sends dearer, and what memory it costs; Apache's 5.3.3 and ours:
//   node tools/bench/backlog.mjs [--messages 10000000] [--rounds 3] [--seconds 3] [--as-shipped] [--mqload PATH]
// Apache's broker gets what its JVM chooses for the machine; --as-shipped: what its own start script gives it.
// Both brokers are warm; sends are measured in turns before and after so many messages of 128 bytes were stored.
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';
import { buildLoadGenerator, fillBefore, measureRow } from './load.mjs';
import { privateMegabytes, residentMegabytes } from './process.mjs';
import { rows } from './rows.mjs';
import { AS_SHIPPED, JAVA, benchServers, prepareSides, startSide, tableHead, tableRow } from './sides.mjs';
import { inTurns, sideMedians } from './turns.mjs';

const WARM_UP_SECONDS = 20;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    'as-shipped': { type: 'boolean', default: false },
    mqload: { type: 'string', default: '' },
  },
});
const mqload = values.mqload || buildLoadGenerator();
const send = rows.find(({ name }) => name === 'send128');

/** CPU µs a message of both sides. */
async function sendCost(sides) {
  const results = await inTurns(sides, { rounds: Number(values.rounds) }, (side) =>
    measureRow(mqload, side, send, values.seconds),
  );
  return sideMedians(results, (result) => result.server_cpu_us_per_msg);
}

prepareSides();
const servers = benchServers(values['as-shipped'] ? AS_SHIPPED : undefined);
try {
  const sides = [];
  for (const kind of [JAVA, OURS]) sides.push(await startSide(servers, kind));
  for (const side of sides) await measureRow(mqload, side, send, String(WARM_UP_SECONDS));
  const before = await sendCost(sides);
  for (const side of sides) await fillBefore(mqload, side, { fill: Number(values.messages) });
  const after = await sendCost(sides);
  const millions = Number(values.messages) / 1e6;
  console.log(tableHead);
  console.log(tableRow('send 128 B, 1 × 64, CPU µs a message, empty store', ...before, '≥ 4 ×'));
  console.log(tableRow(`the same with ${millions} million messages behind it`, ...after, '≥ 4 ×'));
  const growth = after.map((cost, index) => cost / before[index]);
  console.log(tableRow('growth of it', ...growth, 'ours ≤ 1'));
  const held = (look) => sides.map(({ broker }) => look(broker.pid));
  console.log(tableRow('private memory MB after it', ...held(privateMegabytes), '≥ 4 ×'));
  console.log(tableRow('the same with the files it has mapped, MB', ...held(residentMegabytes), ''));
} finally {
  await servers.dispose();
}
