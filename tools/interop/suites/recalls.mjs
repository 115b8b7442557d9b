// The trace of recalls: what each client leaves on each broker, as both read it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runJava } from '../lib/apache.mjs';
import { cluster, createTopic } from '../lib/cluster.mjs';
import { runToEnd } from '../lib/command.mjs';
import { OURS } from '../lib/servers.mjs';

const JAVA = '5.3.3';
const TOPIC = 'RecallTopic';
const ILLEGAL_OPERATION = 604;
const SETTINGS = { recallMessageEnable: true, regionId: 'north', traceTopicEnable: true };

const program = fileURLToPath(new URL('../programs/our-recalls.mjs', import.meta.url));

async function run(client, ...args) {
  const options = { timeoutMs: 120_000 };
  const { code, stdout, stderr } =
    client === OURS
      ? await runToEnd(process.execPath, [program, ...args], options)
      : await runJava(client, 'RecallTrace', args, options);
  assert.equal(code, 0, `${client} ${args[0]}: ${stderr.slice(-2000)}${stdout.slice(-500)}`);
  return stdout.split('\n').filter((line) => /^(recalled|refused|trace) /.test(line));
}

for (const brokerKind of [OURS, JAVA]) {
  describe(`traces of recalls on the broker ${brokerKind}`, () => {
    const context = cluster(brokerKind, { nameServerKind: OURS, settings: SETTINGS });

    test('both clients leave the same, and both read them', async () => {
      await createTopic(context, TOPIC, 1);
      const { nameServer, broker } = context;
      const expected = [];
      for (const [client, group] of [
        [OURS, 'ours'],
        [JAVA, 'java'],
      ]) {
        const lines = await run(client, 'recall', nameServer.address, TOPIC, group, broker.brokerName);
        const [, msgId] = /^recalled (\S+)$/.exec(lines[0]);
        assert.equal(lines[1], `refused ${ILLEGAL_OPERATION}`);
        for (const [id, success] of [
          [msgId, true],
          [`refused-of-${group}`, false],
        ])
          expected.push(`trace north ${group} ${TOPIC} ${id} ${success}`);
      }
      for (const reader of [OURS, JAVA]) {
        const lines = await run(reader, 'read', nameServer.address);
        const records = lines.map((line) => line.split(' '));
        assert.deepEqual(records.map((fields) => fields.slice(0, 6).join(' ')).sort(), expected.sort());
        for (const fields of records) assert.ok(fields.slice(6).includes(fields[4]), 'found by its id');
      }
    });
  });
}
