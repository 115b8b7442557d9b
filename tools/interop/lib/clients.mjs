// The clients of the suite behind one pair of functions: produce numbered messages, consume them again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../workspace.mjs';
import { aliOnsFolder } from './ali-ons.mjs';
import { mqadmin, runJava } from './apache.mjs';
import { readLines } from './checks.mjs';
import { runToEnd } from './command.mjs';
import { OURS } from './servers.mjs';

export const ALI_ONS = 'ali-ons';

const program = (name) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
const ourMqadmin = join(root, 'apps/mqadmin/dist/mqadmin.js');
let nextFile = 0;

/** Sends numbered messages with a client; resolves with what the sends returned. `compression`: ZLIB, LZ4 or ZSTD. */
export async function produce(
  client,
  { nameServer, topic, folder, from = 0, count, mode = 'single', group = 'interop-producer', compression },
) {
  const output = join(folder, `sent-${nextFile++}.jsonl`);
  const common = [nameServer.address, topic, group, String(from), String(count), output];
  const result =
    client === ALI_ONS
      ? await runToEnd(process.execPath, [program('ali-produce.mjs'), aliOnsFolder(), ...common])
      : client === OURS
        ? await runToEnd(process.execPath, [
            program('our-produce.mjs'),
            ...[...common, mode, compression ?? 'ZLIB'],
          ])
        : await runJava(client, 'Produce', [...common, mode], javaCompression(compression));
  assert.equal(
    result.code,
    0,
    `${client} producer: ${result.stderr.slice(-2000)}${result.stdout.slice(-1000)}`,
  );
  return readLines(output);
}

/** 4.9.7 knows no other way to choose it. */
function javaCompression(type) {
  return type === undefined ? {} : { properties: { 'rocketmq.message.compressType': type } };
}

/**
 * Runs a program that prints lines of JSON; resolves with these. `programs` is the name of the Java class and the file of ours
 * that does the same.
 */
export async function runProgram(client, [javaProgram, ourProgram], args, options = {}) {
  const words = args.map(String);
  const { code, stdout, stderr } =
    client === OURS
      ? await runToEnd(process.execPath, [program(ourProgram), ...words])
      : await runJava(client, javaProgram, words, options);
  const output = `${stderr.slice(-3000)}${stdout.slice(-3000)}`;
  assert.equal(code, 0, `${client} ${javaProgram} ${args[0]}: ${output}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Runs a command of mqadmin, ours or a release's; resolves with what it printed. */
export async function administer(client, { nameServer }, ...args) {
  const command = [...args, '-n', nameServer.address];
  const { stdout, stderr } = await (client === OURS
    ? runToEnd(process.execPath, [ourMqadmin, ...command])
    : mqadmin(client, command));
  return stdout + stderr;
}

/** Consumes with a client until `count` distinct messages were seen; resolves with every delivery. */
export async function consume(
  client,
  { nameServer, topic, folder, count, mode = 'concurrent', tags = '*', group, timeoutSeconds = 240 },
) {
  const output = join(folder, `received-${nextFile++}.jsonl`);
  const common = [nameServer.address, topic, group, String(count), output];
  const timeoutMs = (timeoutSeconds + 30) * 1000;
  const result =
    client === ALI_ONS
      ? await runToEnd(
          process.execPath,
          [program('ali-consume.mjs'), aliOnsFolder(), ...common, tags, String(timeoutSeconds)],
          { timeoutMs },
        )
      : client === OURS
        ? await runToEnd(
            process.execPath,
            [program('our-consume.mjs'), ...common, mode, tags, String(timeoutSeconds)],
            { timeoutMs },
          )
        : await runJava(client, 'Consume', [...common, mode, tags, String(timeoutSeconds)], { timeoutMs });
  assert.ok(
    result.code === 0 || result.code === 3,
    `${client} consumer: ${result.stderr.slice(-2000)}${result.stdout.slice(-1000)}`,
  );
  return readLines(output);
}
