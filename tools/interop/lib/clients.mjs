// The clients of the suite behind one pair of functions: produce numbered messages, consume them again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aliOnsFolder } from './ali-ons.mjs';
import { runJava } from './apache.mjs';
import { readLines } from './checks.mjs';
import { runToEnd } from './command.mjs';
import { OURS } from './servers.mjs';

export const ALI_ONS = 'ali-ons';

const program = (name) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
let nextFile = 0;

/** Sends numbered messages with a client; resolves with what the sends returned. */
export async function produce(
  client,
  { nameServer, topic, folder, from = 0, count, mode = 'single', group = 'interop-producer' },
) {
  const output = join(folder, `sent-${nextFile++}.jsonl`);
  const common = [nameServer.address, topic, group, String(from), String(count), output];
  const result =
    client === ALI_ONS
      ? await runToEnd(process.execPath, [program('ali-produce.mjs'), aliOnsFolder(), ...common])
      : client === OURS
        ? await runToEnd(process.execPath, [program('our-produce.mjs'), ...common, mode])
        : await runJava(client, 'Produce', [...common, mode]);
  assert.equal(
    result.code,
    0,
    `${client} producer: ${result.stderr.slice(-2000)}${result.stdout.slice(-1000)}`,
  );
  return readLines(output);
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
