// What compare.mjs and profile.mjs share: the load generator, its arguments for a row, the broker's settings.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOrThrow, runToEnd } from '../interop/lib/command.mjs';
import { root } from '../workspace.mjs';

const TOPIC = 'BenchTopic';

export function buildLoadGenerator() {
  const source = join(root, '..', 'shared', 'bench', 'loadgen');
  if (!existsSync(source))
    throw new Error('the load generator is not beside the repository; give --mqload PATH');
  const binary = join(root, '.cache', 'mqload');
  mkdirSync(join(root, '.cache'), { recursive: true });
  runOrThrow('go', ['build', '-o', binary, '.'], { cwd: source });
  return binary;
}

/** Apache's broker says that it started before the NameServer knows it. */
const NOT_YET_REGISTERED = /No topic route info/;
const REGISTRATION_TRIES = 120;
const LONGEST_RUN_MS = 3_600_000;
/** Messages a second that any broker takes on any machine. */
const SLOWEST_FILL = 5_000;

/** Runs the load generator; resolves with its report. */
export async function runLoad(mqload, args, tries = REGISTRATION_TRIES) {
  const { code, stdout, stderr } = await runToEnd(mqload, args, { timeoutMs: LONGEST_RUN_MS });
  if (code !== 0 && tries > 1 && NOT_YET_REGISTERED.test(stderr)) {
    await sleep(500);
    return runLoad(mqload, args, tries - 1);
  }
  if (code !== 0) throw new Error(`mqload ${args.join(' ')}: ${stderr}${stdout}`);
  const report = JSON.parse(stdout.trim().split('\n').at(-1));
  if (report.msgs === 0)
    throw new Error(
      `mqload ${args.join(' ')}: nothing was done, answers by code: ${JSON.stringify(report.errors)}`,
    );
  return report;
}

/** Settings of the broker, whichever it is, for a row. */
export function settingsOf(row) {
  return {
    mappedFileSizeCommitLog: 1024 * 1024 * 1024,
    mappedFileSizeConsumeQueue: 6_000_000,
    // mqload sends as fast as it can: neither broker shall refuse for being asked too much.
    waitTimeMillsInSendQueue: 10_000,
    ...row.settings,
  };
}

/** Arguments of the load generator for a row; rows that end by themselves have no time. */
export function loadArguments(server, row, seconds, warmUpSeconds) {
  const time = row.unbounded ? [] : ['-seconds', String(seconds), '-warmup', String(warmUpSeconds)];
  return [row.load[0], ...target(server), ...row.load.slice(1), ...time];
}

/** Measures a row once, with the load it is held against if it has one: `result.against`. */
export async function measureRow(mqload, server, row, seconds) {
  const run = (load) => runLoad(mqload, loadArguments(server, { ...row, load }, seconds, 1));
  const against = row.against === undefined ? undefined : await run(row.against);
  return { ...(await run(row.load)), against };
}

/** Puts in the messages that the row reads. */
export async function fillBefore(mqload, server, row) {
  if (row.fill === undefined) return;
  const load = ['-size', '128', '-conns', '1', '-inflight', '64', '-codec', 'rocketmq'];
  const time = ['-seconds', String(60 + Math.ceil(row.fill / SLOWEST_FILL)), '-count', String(row.fill)];
  await runLoad(mqload, ['send', ...target(server), ...load, ...time]);
}

function target({ nameServer, broker }) {
  return ['-ns', nameServer.address, '-topic', TOPIC, '-server-pid', String(broker.pid)];
}
