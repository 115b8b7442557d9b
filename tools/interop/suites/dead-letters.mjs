// Messages that a consumer cannot handle, with both brokers and all clients: when they come again, when they become dead
// letters, what these carry, and that they can be read and sent anew.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { APACHE_VERSIONS } from '../lib/apache.mjs';
import { administer, runProgram } from '../lib/clients.mjs';
import { cluster, createTopic } from '../lib/cluster.mjs';
import { OURS } from '../lib/servers.mjs';

const JAVA = '5.3.3';
/** Level 2 is for who asks for it; retries begin at level 3. */
const SETTINGS = { messageDelayLevel: '1s 4s 1s 1s 1s 1s' };
const LATE_MS = 4_000;
const MOST_RETRIES = 2;
const WORDS = ['dead', 'late', 'refused', 'back', 'good'];
const DELIVERIES = [
  'dead 0',
  'dead 1',
  'dead 2',
  'late 0',
  'late 1',
  'refused 0',
  'back 0',
  'back 1',
  'good 0',
];

const RETRIES = ['Retries', 'our-retries.mjs'];
const READ = ['LitePull', 'our-lite-pull.mjs'];

const named = (what, client) => `${what}-${client.replaceAll('.', '')}`;

for (const brokerKind of [OURS, JAVA]) {
  describe(`dead letters on the broker ${brokerKind}`, { concurrency: 3 }, () => {
    const context = cluster(brokerKind, { nameServerKind: OURS, settings: SETTINGS });
    for (const client of brokerKind === OURS ? [OURS, ...APACHE_VERSIONS] : [OURS, JAVA]) {
      const read = (reader, topic, count) =>
        runProgram(reader, READ, [
          'read',
          context.nameServer.address,
          topic,
          `read-by-${reader.replaceAll('.', '')}`,
          count,
        ]);

      test(`${client}: what fails comes again at its time, and then is a dead letter`, async () => {
        const topic = named('Retried', client);
        const group = named('G-retried', client);
        await createTopic(context, topic, 1);
        const args = [
          context.nameServer.address,
          topic,
          group,
          'concurrent',
          MOST_RETRIES,
          DELIVERIES.length,
        ];
        const lines = await runProgram(client, RETRIES, [...args, ...WORDS]);
        const came = lines.filter(({ word }) => word !== undefined);
        assert.deepEqual(came.map(({ word, times }) => `${word} ${times}`).sort(), [...DELIVERIES].sort());
        for (const { topic: told } of came) assert.equal(told, topic, 'listeners are told the first topic');
        const [first, second] = came.filter(({ word }) => word === 'late').map(({ cameMs }) => cameMs);
        assert.ok(second - first >= LATE_MS, `late came again after ${second - first} ms`);
        // One after the other: what was asked for is the sooner level.
        const back = came.filter(({ word }) => word === 'back').map(({ cameMs }) => cameMs);
        assert.ok(back[1] - back[0] < LATE_MS, `back came again after ${back[1] - back[0]} ms`);

        const given = { RETRY_TOPIC: topic, WAIT: 'false', DELAY: '0' };
        // It waited before it came the last time.
        const waited = { REAL_TOPIC: `%RETRY%${group}`, REAL_QID: '0' };
        await checkLetters(group, lines, {
          dead: { ...given, ...waited, times: MOST_RETRIES + 1 },
          refused: { ...given, times: 1 },
        });
        await checkSentAnew(topic, group);
      });

      /** mqadmin shows the dead letters, our client sends them anew, and then they are messages like others. */
      async function checkSentAnew(topic, group) {
        const letters = `%DLQ%${group}`;
        const shown = await administer(client, context, 'printMsg', '-t', letters, '-d', 'true');
        for (const word of ['dead', 'refused']) assert.match(shown, new RegExp(`BODY: ${word}\\b`));
        const { address } = context.nameServer;
        const resent = await runProgram(OURS, READ, ['resend', address, letters, named('resend', client), 2]);
        const messages = await read(client, topic, WORDS.length + resent.length);
        for (const [index, { resent: word, msgId, status }] of resent.entries()) {
          const { properties, ...message } = messages[WORDS.length + index];
          const { MIN_OFFSET, MAX_OFFSET, ...rest } = properties;
          assert.deepEqual([status, MIN_OFFSET, Number(MAX_OFFSET)], ['SEND_OK', '0', messages.length]);
          const facts = [message.body, message.msgId, message.flag, message.reconsumeTimes];
          assert.deepEqual(facts, [word, msgId, 7, 0]);
          assert.deepEqual(rest, { ...propertiesOf(word), WAIT: 'true', UNIQ_KEY: msgId });
        }
      }

      test(`${client}, in order: what fails holds its queue up, and then is a dead letter`, async () => {
        const topic = named('Ordered', client);
        const group = named('G-ordered', client);
        await createTopic(context, topic, 1);
        const args = [context.nameServer.address, topic, group, 'orderly', MOST_RETRIES, 5];
        const lines = await runProgram(client, RETRIES, [...args, 'before', 'dead', 'after']);
        const came = lines.filter(({ word }) => word !== undefined);
        const order = ['before 0', 'dead 0', 'dead 1', 'dead 2', 'after 0'];
        assert.deepEqual(
          came.map(({ word, times }) => `${word} ${times}`),
          order,
        );
        // The last attempt counts in 5.3.3.
        const times = client === '4.9.7' ? MOST_RETRIES : MOST_RETRIES + 1;
        const copied = { RECONSUME_TIME: `${times}`, MAX_RECONSUME_TIMES: `${MOST_RETRIES}`, DELAY: '-1' };
        await checkLetters(group, lines, { dead: { RETRY_TOPIC: topic, WAIT: 'true', ...copied, times } });
      });

      /** Every client reads the same dead letters, with all that their messages had, and what became of them. */
      async function checkLetters(group, lines, expected) {
        const idOf = new Map(lines.map(({ sent, msgId }) => [sent, msgId]));
        const topic = `%DLQ%${group}`;
        const words = Object.keys(expected);
        for (const reader of new Set([OURS, client === OURS ? JAVA : client])) {
          const letters = await read(reader, topic, words.length);
          letters.sort((a, b) => (a.body < b.body ? -1 : 1));
          assert.deepEqual(
            letters.map(({ body }) => body),
            words,
            `read by ${reader}`,
          );
          for (const [index, word] of words.entries()) {
            const { body, flag, msgId, properties, reconsumeTimes, topic: told } = letters[index];
            const { MIN_OFFSET, MAX_OFFSET, ORIGIN_MESSAGE_ID, ...rest } = properties;
            const { times, ...more } = expected[word];
            assert.deepEqual(
              [told, body, flag, reconsumeTimes],
              [topic, word, 7, times],
              `read by ${reader}`,
            );
            assert.deepEqual([MIN_OFFSET, MAX_OFFSET], ['0', `${words.length}`]);
            assert.equal(msgId, idOf.get(word), 'the id that its sender was told');
            assert.match(ORIGIN_MESSAGE_ID, /^[0-9A-F]+$/);
            assert.deepEqual(rest, { ...propertiesOf(word), ...more, UNIQ_KEY: msgId });
          }
        }
      }
    }
  });
}

/** What a message of a word was sent with, and what brokers add to all. */
function propertiesOf(word) {
  return {
    ...{ TAGS: `Tag-${word}`, KEYS: `key-${word}`, colour: 'blue' },
    ...{ CLUSTER: 'DefaultCluster', MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' },
  };
}
