// Damaged bytes into every decoder: a decoder may refuse with its typed error, and do nothing else. Nothing takes over
// 100 ms, nothing is kept. Ends with controls: decoders that are wrong on purpose and must be caught.
//   node tools/reliability/fuzz-decoders.mjs [--inputs 2000000] [--only name,name] [--seed 1]
import { parseArgs } from 'node:util';
import { feed, usedBytes } from './fuzz/engine.mjs';
import * as golden from './fuzz/golden.mjs';
import { mutator } from './fuzz/mutate.mjs';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';

/** Of each target's inputs, so many come before memory is measured: caches fill, code is compiled. */
const WARM_UP_SHARE = 0.1;
/** What may be held more at the end than after the warm-up: garbage that has no one to collect it yet, interned names. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const CONTROL_INPUTS = 3_000;
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '2000000' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});
const total = Number(values.inputs);
const seed = Number(values.seed);
const only = values.only.split(',').filter(Boolean);

/** Feeds all targets, the warm-up first; memory is compared between its end and the end. */
async function campaign(targets, inputs, options = {}) {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const results = new Map(
    targets.map(({ name }) => [name, { inputs: 0, refused: 0, faults: [], slowestMs: 0 }]),
  );
  const round = async (part, salt) => {
    for (const [index, target] of targets.entries()) {
      const sum = results.get(target.name);
      if (sum.faults.length > 0) continue;
      const count = Math.max(1, Math.round((inputs * part * target.share) / shares));
      const random = seededRandom(seed * 7919 + index * 104_729 + salt);
      const result = await feed(target, { mutator: mutator(random), count, ...options });
      sum.inputs += result.inputs;
      sum.refused += result.refused;
      sum.faults.push(...result.faults);
      sum.slowestMs = Math.max(sum.slowestMs, result.slowestMs);
    }
  };
  await round(WARM_UP_SHARE, 1);
  const before = usedBytes();
  await round(1 - WARM_UP_SHARE, 2);
  const growthBytes = usedBytes() - before;
  const all = [...results.values()];
  return {
    inputs: all.reduce((sum, result) => sum + result.inputs, 0),
    refused: all.reduce((sum, result) => sum + result.refused, 0),
    slowestMs: Math.max(...all.map(({ slowestMs }) => slowestMs)),
    growthBytes,
    faults: [
      ...all.flatMap(({ faults }) => faults),
      ...(growthBytes > MAX_GROWTH_BYTES ? [`memory grew by ${(growthBytes / MIB).toFixed(1)} MiB`] : []),
    ],
  };
}

/** Wrong in one way each; `inputs` until it must have shown. */
function wrongOnPurpose() {
  const seeds = [Buffer.from('0000001000000004aabbccdd0102030405060708', 'hex')];
  const kept = [];
  const target = (name, run) => ({ name, typed: ['RemotingError'], seeds, run, share: 1 });
  return [
    target('reads a length without a check', (input) => input.readInt32BE(4)),
    target('takes long', (input) => {
      if (input[0] === 0xff) for (const end = performance.now() + 150; performance.now() < end;);
    }),
    target('keeps what it read', () => kept.push(Buffer.alloc(16 * 1024, 1))),
  ];
}

const { decoders } = await importSource('fuzz-targets');
const targets = (await decoders(golden)).filter(
  ({ name }) => only.length === 0 || only.some((word) => name.includes(word)),
);
const startedAt = performance.now();
const result = await campaign(targets, total);
console.log(
  `decoders: ${result.inputs} inputs into ${targets.length} decoders, ${result.refused} refused, ${result.faults.length} violations, ` +
    `slowest ${result.slowestMs.toFixed(1)} ms, memory ${(result.growthBytes / MIB).toFixed(1)} MiB, ` +
    `${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`,
);
for (const fault of result.faults.slice(0, 20)) console.log(`  ${fault}`);
let failed = result.faults.length > 0 || result.refused === 0;
for (const wrong of wrongOnPurpose()) {
  const { faults } = await campaign([wrong], CONTROL_INPUTS, { isControl: true });
  console.log(`control (${wrong.name}): ${faults.length > 0 ? 'detected, as it must be' : 'NOT detected'}`);
  failed ||= faults.length === 0;
}
process.exitCode = failed ? 1 : 0;
