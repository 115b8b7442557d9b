// What every campaign does around its work: it reads its arguments, plays each of its modes, prints the figures and the first
// violations, and ends with controls that must fail. The exit code is 0 when nothing was violated, no result was empty and
// every control was detected.
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';

const MOST_SHOWN = 20;

/**
 * Plays a campaign, from the command line to the exit code. A play is given the options, `server`, `seed` and what its mode
 * or its control adds, and resolves with figures and `violations`, which are sentences.
 * @param options what its command line takes beside `--server` and `--seed`, with defaults; one that is a number stays one
 * @param modes what it is played in, from the options: an object for each, laid over them
 * @param describe the line, or lines, of one play's figures, from them and from what it was given
 * @param isVacuous true of figures that prove nothing: no faults, or nothing acknowledged
 * @param controls a name, what is laid over the options to break a promise, and the kind of violation it `expects` (default:
 * any). For ours alone: what Apache's broker does is reported, not judged
 */
export async function runCampaign({
  options,
  modes = (values) => [values],
  play,
  describe,
  isVacuous,
  controls = [],
}) {
  const values = argumentsLike({ ...options, server: OURS, seed: 1 });
  const isOurs = values.server === OURS;
  const heading = isOurs ? '' : `Apache ${values.server}: `;
  let failed = false;
  for (const mode of modes(values)) {
    const given = { ...values, ...mode };
    const result = await play(given);
    for (const line of [describe(result, given)].flat())
      console.log(`${heading}${line}, seed ${values.seed}`);
    show(result.violations, MOST_SHOWN);
    failed ||= result.violations.length > 0 || isVacuous(result);
  }
  for (const { name, expects = /./, ...broken } of isOurs ? controls : []) {
    const { violations } = await play({ ...values, ...broken }).catch((error) => ({
      violations: [String(error)],
    }));
    const found = violations.filter((violation) => expects.test(violation));
    const isDetected = found.length > 0;
    console.log(`control (${name}): ${isDetected ? 'detected, as it must be' : 'NOT detected'}`);
    show(isDetected ? found : violations, 1);
    failed ||= !isDetected;
  }
  process.exitCode = failed && isOurs ? 1 : 0;
}

/** `--flush async|sync|both`, as modes of a campaign. */
export const flushModes = ({ flush }) =>
  (flush === 'both' ? ['async', 'sync'] : [flush]).map((one) => ({ flush: one }));

function argumentsLike(defaults) {
  const { values } = parseArgs({
    options: Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }])),
  });
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const given = values[name] ?? value;
      return [name, typeof value === 'number' ? Number(given) : given];
    }),
  );
}

function show(violations, most) {
  for (const violation of violations.slice(0, most)) console.log(`  ${violation}`);
}
