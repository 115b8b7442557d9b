// Power cuts, and kills, at every call a store makes to its disk. Whatever of the unsynced writes, creates, renames and removals a
// crash leaves behind (dropped, torn, out of order), the store opens, shows a prefix of what was appended with all that
// had to survive, and goes on. Covers every file of a store directory: log, queues, index, checkpoint, recovery mark,
// boot journal, abort and lock files, and a configuration file beside them. Ends with three controls that must fail.
//   node tools/reliability/crash-states.mjs [--states 20000] [--seed 1] [--midway] [--workers 2] [--run N (that life alone)]
// With --midway the lives go on after kills in the midst of calls as well, not just between two turns.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ForgetfulDisk, NamelessDisk, crashStates } from './crash-life.mjs';

const CONTROL_STATES = 2000;

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    midway: { type: 'boolean', default: false },
    run: { type: 'string' },
    /** Of a worker: its number. */
    part: { type: 'string' },
  },
});
const { midway } = values;
const [seed, states, workers] = [values.seed, values.states, values.workers].map(Number);

/** Plays every so many-th life in a process of its own. */
async function startWorker(part) {
  const args = [
    '--part',
    part,
    '--states',
    Math.ceil(states / workers),
    '--seed',
    seed,
    '--workers',
    workers,
    ...(midway ? ['--midway'] : []),
  ];
  const child = fork(fileURLToPath(import.meta.url), args.map(String));
  const told = once(child, 'message');
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`worker ${part} ended with exit code ${code}`);
  return (await told)[0];
}

async function control(name, options) {
  const seen = await crashStates({ states: CONTROL_STATES, seed, ...options });
  const detected = seen.violations.length > 0;
  console.log(
    `control (${name}): ${detected ? `detected after ${seen.states} states, as it must be` : 'NOT detected'}`,
  );
  return detected;
}

async function campaign() {
  const startedAt = performance.now();
  const life = Number(values.run);
  const parts =
    values.run === undefined
      ? await Promise.all(Array.from({ length: workers }, (_, part) => startWorker(part)))
      : [await crashStates({ states, seed, midway, first: life, last: life })];
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  const violations = parts.flatMap((part) => part.violations);
  const perSecond = Math.round((sum('states') * 1000) / (performance.now() - startedAt));
  console.log(
    `crash states: ${sum('states')} states (${sum('different')} different), ${sum('acked')} acknowledged, ${sum('lost')} unsynced messages lost, ` +
      `${violations.length} violations, ${perSecond} states/s, seed ${seed}`,
  );
  for (const violation of violations) console.log(`  ${violation}`);
  let failed = violations.length > 0 || sum('acked') === 0 || sum('lost') === 0;
  if (values.run === undefined) {
    if (!(await control('syncs that do nothing', { Disk: ForgetfulDisk }))) failed = true;
    if (!(await control('directory syncs that do nothing', { Disk: NamelessDisk }))) failed = true;
    if (!(await control('power cuts that look like kills', { cutsKeepBoot: true }))) failed = true;
  }
  process.exitCode = failed ? 1 : 0;
}

if (values.part === undefined) await campaign();
else process.send(await crashStates({ states, seed, midway, first: Number(values.part), step: workers }));
