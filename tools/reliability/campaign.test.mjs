import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SOUND = { acked: 3, violations: [] };

describe('a campaign', () => {
  test('prints its figures and its controls, and succeeds', () => {
    const { status, lines } = run({ results: [SOUND, { acked: 0, violations: ['m1 is lost'] }] });
    expect(lines).toEqual([
      '3 acknowledged in 7 cycles, seed 1',
      'control (planted): detected, as it must be',
      '  m1 is lost',
    ]);
    expect(status).toBe(0);
  });

  test.each([
    ['a violation', [{ acked: 3, violations: ['m0 is lost'] }, { violations: ['m1 is lost'] }]],
    ['a result that proves nothing', [{ acked: 0, violations: [] }, { violations: ['m1 is lost'] }]],
    ['a control that finds nothing', [SOUND, SOUND]],
    ['a control that finds something else', [SOUND, { violations: ['the machine is on fire'] }]],
  ])('fails for %s', (_name, results) => {
    expect(run({ results }).status).toBe(1);
  });

  test('is played in each of its modes, with numbers for options that are numbers', () => {
    const { lines } = run({
      modes: 'flushModes',
      args: ['--cycles', '2', '--seed', '5'],
      results: [SOUND, SOUND, { violations: ['m1 is lost'] }],
    });
    expect(lines.slice(0, 2)).toEqual([
      '3 acknowledged in 2 cycles, async, seed 5',
      '3 acknowledged in 2 cycles, sync, seed 5',
    ]);
  });

  test("reports what Apache's broker does, and does not judge it", () => {
    const { status, lines } = run({
      args: ['--server', '5.3.3'],
      results: [{ acked: 3, violations: ['m0 is lost'] }],
    });
    expect(lines).toEqual(['Apache 5.3.3: 3 acknowledged in 7 cycles, seed 1', '  m0 is lost']);
    expect(status).toBe(0);
  });
});

/** In a process of its own: a campaign reads its command line and leaves an exit code. */
function run({ results, args = [], modes = 'undefined' }) {
  const program = `
    import { flushModes, runCampaign } from ${JSON.stringify(join(__dirname, 'campaign.mjs'))};
    const results = ${JSON.stringify(results)};
    await runCampaign({
      options: { cycles: 7, flush: 'both' },
      modes: ${modes},
      play: async ({ cycles }) => ({ ...results.shift(), cycles }),
      describe: ({ acked, cycles }, { flush }) =>
        acked + ' acknowledged in ' + Math.sqrt(cycles * cycles) + ' cycles' + (flush === 'both' ? '' : ', ' + flush),
      isVacuous: ({ acked }) => acked === 0,
      controls: [{ name: 'planted', expects: /is lost/ }],
    });`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program, '--', ...args],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return { status, lines: stdout.trim().split('\n') };
}
