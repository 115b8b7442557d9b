// Feeds a decoder and judges what it does: only typed errors, nothing slow, no memory kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Longest an input may take. A pause of the machine is no fault of the decoder, so a slow input is asked again. */
const MAX_INPUT_MS = 100;
const ATTEMPTS_WHEN_SLOW = 5;
/** A promise that is not settled after this long never will be. */
const MAX_ASYNC_MS = 5_000;
/** Faults of one decoder after which it is left alone. */
const MAX_FAULTS = 5;
/** Give other targets of the process, and their promises, a turn now and then. */
const INPUTS_PER_TURN = 5_000;

const corpusFolder = fileURLToPath(new URL('../corpus', import.meta.url));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Bytes that are in use after everything that can be given back was. */
export function usedBytes() {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Inputs that were once refused wrongly, by the name of their target: they come first in every run. */
export function corpusOf(name) {
  const folder = join(corpusFolder, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file)));
}

function keep(name, input) {
  const folder = join(corpusFolder, name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(file, input);
  return file;
}

/**
 * Runs `count` inputs and the corpus through a target. Resolves with `{ inputs, refused, faults, slowestMs }`; each fault is a
 * sentence, and its input a file of the corpus unless `isControl`.
 */
export async function feed(target, { mutator, count, isControl = false }) {
  const result = { inputs: 0, refused: 0, faults: [], slowestMs: 0 };
  // A stack of every refusal would take most of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    for (const input of isControl ? [] : corpusOf(target.name)) await one(target, input, result, isControl);
    for (let left = count; left > 0 && result.faults.length < MAX_FAULTS; left--) {
      const judged = one(target, mutator.next(target.seeds), result, isControl);
      if (judged !== undefined) await judged;
      if (left % INPUTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return result;
}

/** One input. A promise only where the target returned one, or was slow. */
function one(target, input, result, isControl) {
  result.inputs++;
  const startedAt = performance.now();
  let pending;
  try {
    pending = target.run(input);
  } catch (error) {
    judgeError(target, input, error, result, isControl);
  }
  if (typeof pending?.then === 'function')
    return settle(target, input, pending, startedAt, result, isControl);
  return judgeTime(target, input, performance.now() - startedAt, result, isControl);
}

async function settle(target, input, pending, startedAt, result, isControl) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, MAX_ASYNC_MS, 'late')));
  try {
    if ((await Promise.race([pending, late])) === 'late') {
      fault(target, input, 'does not come to an end', result, isControl);
      return;
    }
  } catch (error) {
    judgeError(target, input, error, result, isControl);
  } finally {
    clearTimeout(timer);
  }
  await judgeTime(target, input, performance.now() - startedAt, result, isControl);
}

function judgeError(target, input, error, result, isControl) {
  if (target.typed.includes(error?.name)) result.refused++;
  else
    fault(
      target,
      input,
      `throws ${error?.name}: ${error?.message}${whereThrown(target, input)}`,
      result,
      isControl,
    );
}

/** The first line of the stack, by running the input once more with stacks. */
function whereThrown(target, input) {
  Error.stackTraceLimit = 3;
  try {
    target.run(input)?.catch?.(() => undefined);
    return '';
  } catch (error) {
    return ` ${String(error?.stack).split('\n').slice(1, 3).join(' ').replaceAll(/\s+/g, ' ')}`;
  } finally {
    Error.stackTraceLimit = 0;
  }
}

function judgeTime(target, input, ms, result, isControl) {
  if (ms > MAX_INPUT_MS) return judgeSlow(target, input, result, isControl);
  result.slowestMs = Math.max(result.slowestMs, ms);
  return undefined;
}

/** The quickest of some more attempts counts. */
async function judgeSlow(target, input, result, isControl) {
  let quickestMs = Infinity;
  for (let attempt = 0; quickestMs > MAX_INPUT_MS && attempt < ATTEMPTS_WHEN_SLOW; attempt++) {
    const startedAt = performance.now();
    try {
      await target.run(input);
    } catch {
      // Judged the first time.
    }
    quickestMs = Math.min(quickestMs, performance.now() - startedAt);
  }
  result.slowestMs = Math.max(result.slowestMs, quickestMs);
  if (quickestMs > MAX_INPUT_MS)
    fault(target, input, `takes ${Math.round(quickestMs)} ms`, result, isControl);
}

function fault(target, input, what, result, isControl) {
  const file = isControl ? '' : ` (${keep(target.name, input)})`;
  result.faults.push(`${target.name}: ${input.length} bytes: ${what}${file}`);
}
