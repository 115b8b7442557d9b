// What is too much, and how clients are told; and how bodies are compressed. With both brokers and all clients.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { APACHE_VERSIONS, mqadmin } from '../lib/apache.mjs';
import { checkReceived, checkSent } from '../lib/checks.mjs';
import { consume, produce, runProgram } from '../lib/clients.mjs';
import { cluster, createTopic } from '../lib/cluster.mjs';
import { OURS, Servers } from '../lib/servers.mjs';

const JAVA = '5.3.3';
/** In the system flag; it is kept when a body is decompressed. */
const COMPRESSIONS = { LZ4: 1 << 8, ZSTD: 2 << 8, ZLIB: 3 << 8 };
const COMPRESSION_MASK = 7 << 8;
const MOST = 4 * 1024 * 1024;
/** Messages sent with each compression. */
const PART = 40;

const LIMITS = ['Limits', 'our-limits.mjs'];
const READ = ['LitePull', 'our-lite-pull.mjs'];
/** Response codes. */
const MESSAGE_ILLEGAL = 13;
const SYSTEM_BUSY = 2;
/** Of Java's clients, for what they refuse without one. */
const NO_CODE = -1;

const named = (what, client) => `${what}-${client.replaceAll('.', '')}`;

/** What a client is told: by whom, with which code, in which words. */
function refusals(client) {
  const illegal = client === OURS ? 'MESSAGE_ILLEGAL' : MESSAGE_ILLEGAL;
  const argument = client === OURS ? 'INVALID_ARGUMENT' : NO_CODE;
  return {
    'over, by the client': ['client', illegal, /4194304/],
    'over, by the broker': ['broker', MESSAGE_ILLEGAL, /4194304/],
    empty: ['client', illegal, /body length is zero|has no body/],
    // Java's clients leave it to the broker.
    'longer property':
      client === OURS ? ['client', illegal, /more than 32767/] : ['broker', illegal, /properties/],
    'longer topic': ['client', argument, /longer than topic max length/],
    'illegal topic': ['client', argument, /contains illegal characters/],
    'blank topic': ['client', argument, /topic is blank/],
    'system topic': ['client', argument, /SCHEDULE_TOPIC_XXXX/],
  };
}

for (const brokerKind of [OURS, JAVA]) {
  const clients = brokerKind === OURS ? [OURS, ...APACHE_VERSIONS] : [OURS, JAVA];
  describe(`limits of the broker ${brokerKind}`, { concurrency: 2 }, () => {
    const context = cluster(brokerKind, { nameServerKind: OURS });

    for (const client of clients) {
      test(`${client} sends what is just allowed, and is told of the rest`, async () => {
        const topic = named('Sizes', client);
        await createTopic(context, topic, 1);
        const at = context.nameServer.address;
        const lines = await runProgram(client, LIMITS, ['sizes', at, topic]);
        const told = Object.fromEntries(lines.map(({ send, ...rest }) => [send, rest]));
        for (const what of ['most', 'long property', 'longest topic'])
          assert.equal(told[what].status, 'SEND_OK', `${what}: ${JSON.stringify(told[what])}`);
        for (const [what, expected] of Object.entries(refusals(client))) {
          const { by, code, remark } = told[what];
          assert.deepEqual([by, code], expected.slice(0, 2), `${what}: ${remark}`);
          assert.match(remark, expected[2], what);
        }
        if (brokerKind === OURS)
          assert.match(told['over, by the broker'].remark, /the body has 4194305 bytes, at most 4194304/);
        for (const reader of [OURS, client === OURS ? JAVA : client]) {
          const group = named('read-by', reader);
          const [most, withProperty] = await runProgram(reader, READ, ['read', at, topic, group, 2]);
          assert.deepEqual([most.size, most.crc], [MOST, told.most.crc], `read by ${reader}`);
          assert.equal(withProperty.properties.long.length, 32_000);
        }
      });
    }

    // Java's clients on Java's broker prove nothing of ours.
    for (const producer of brokerKind === OURS ? clients : [OURS]) {
      test(`${producer} compresses with each of the three, all clients read it`, async () => {
        const topic = named('Small', producer);
        await createTopic(context, topic, 2);
        const types = Object.keys(COMPRESSIONS);
        for (const [index, compression] of types.entries()) {
          const part = { topic, from: index * PART, count: PART, mode: 'big', compression };
          checkSent(await produce(producer, { ...context, ...part }), PART);
        }
        const count = types.length * PART;
        await Promise.all(
          clients.map(async (consumer) => {
            const group = named(`G-${topic}`, consumer);
            const received = await consume(consumer, { ...context, topic, count, group });
            checkReceived(received, { count, big: true });
            for (const { seq, sysFlag } of received) {
              const type = types[Math.floor(seq / PART)];
              assert.equal(sysFlag & COMPRESSION_MASK, COMPRESSIONS[type], `${seq} was stored with ${type}`);
            }
          }),
        );
      });
    }
  });
}

describe('rates of sends, on two brokers of ours', { concurrency: true }, () => {
  let servers;
  let nameServer;
  before(async () => {
    servers = new Servers({ isBrief: true });
    nameServer = await servers.nameServer(OURS);
    await servers.broker(OURS, {
      ...{ nameServer, brokerName: 'broker-a' },
      settings: { sendRatePerTopic: 2 },
    });
    await servers.broker(OURS, { nameServer, brokerName: 'broker-b' });
  });
  after(() => servers?.dispose());

  for (const client of APACHE_VERSIONS) {
    test(`${client} sends to the other broker what one refuses, and is told why where there is no other`, async () => {
      const topic = named('Rates', client);
      const where = ['-n', nameServer.address, '-c', 'DefaultCluster'];
      await mqadmin(JAVA, ['updateTopic', ...where, '-t', topic, '-r', '2', '-w', '2']);
      const count = 20;
      const lines = await runProgram(client, LIMITS, [
        ...['rates', nameServer.address, topic, count],
        'broker-a',
      ]);
      const byRoute = lines.filter(({ send }) => send === 'by route');
      assert.equal(byRoute.length, count);
      for (const line of byRoute) assert.equal(line.status, 'SEND_OK', JSON.stringify(line));
      const byFirst = byRoute.filter(({ brokerName }) => brokerName === 'broker-a').length;
      assert.ok(byFirst < count / 2, `the first broker took ${byFirst}`);
      const refused = lines.at(-1);
      assert.deepEqual([refused.by, refused.code], ['broker', SYSTEM_BUSY]);
      assert.match(refused.remark, new RegExp(`topic ${topic} may be sent 2 messages a second`));
    });
  }
});
