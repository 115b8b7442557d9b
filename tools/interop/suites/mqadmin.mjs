// Part 5: Apache's mqadmin on our servers, both releases of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { APACHE_VERSIONS, mqadmin, programCommand } from '../lib/apache.mjs';
import { spawn } from 'node:child_process';
import { checkSent } from '../lib/checks.mjs';
import { consume, produce } from '../lib/clients.mjs';
import { eventually } from '../lib/eventually.mjs';
import { OURS, Servers } from '../lib/servers.mjs';

const TOPIC = 'AdminTopic';
const GROUP = 'AdminGroup';
const COUNT = 200;

describe('mqadmin', { concurrency: true }, () => {
  for (const version of APACHE_VERSIONS) {
    describe(`mqadmin ${version} on our servers`, { concurrency: false }, () => {
      let servers;
      let nameServer;
      let broker;
      let sent;
      const background = [];

      const admin = (...args) => mqadmin(version, [...args, '-n', nameServer.address]);
      /** Runs a command that must print every pattern and no stack trace. */
      async function prints(args, ...patterns) {
        const { stdout, stderr } = await admin(...args);
        const output = stdout + stderr;
        assert.doesNotMatch(
          output,
          /SubCommandException|^\s*at org\.apache|^java\./m,
          `${args[0]}:\n${output}`,
        );
        for (const pattern of patterns) assert.match(output, pattern, `${args[0]}:\n${output}`);
        return stdout;
      }

      before(async () => {
        servers = new Servers({ isBrief: true });
        nameServer = await servers.nameServer(OURS);
        broker = await servers.broker(OURS, { nameServer });
      });
      after(async () => {
        for (const child of background.splice(0)) child.kill('SIGKILL');
        await servers.dispose();
      });

      test('updateTopic creates a topic', () =>
        prints(['updateTopic', '-b', broker.address, '-t', TOPIC, '-r', '4', '-w', '4'], /success/));
      test('updateSubGroup creates a group', () =>
        prints(['updateSubGroup', '-b', broker.address, '-g', GROUP, '-r', '3'], /success/));
      test('clusterList shows the broker and its figures', () =>
        prints(['clusterList'], /DefaultCluster\s+broker-a\s+0\s+127\.0\.0\.1:\d+\s+V\d/));
      test('topicList lists the topic', () => prints(['topicList'], new RegExp(`^${TOPIC}$`, 'm')));
      test('topicRoute shows where the topic is', async () => {
        await produceSome();
        await prints(['topicRoute', '-t', TOPIC], /"brokerName":"broker-a"/, /"writeQueueNums":4/);
      });

      async function produceSome() {
        const folder = servers.folder();
        sent = await produce(version, { nameServer, topic: TOPIC, folder, count: COUNT });
        checkSent(sent, COUNT);
        const received = await consume(version, {
          nameServer,
          topic: TOPIC,
          folder,
          count: COUNT,
          group: GROUP,
        });
        assert.equal(received.length, COUNT);
      }

      test('topicStatus shows the offsets of each queue', async () => {
        const output = await prints(['topicStatus', '-t', TOPIC], /broker-a/);
        const rows = [...output.matchAll(/^broker-a\s+(\d+)\s+(\d+)\s+(\d+)/gm)];
        assert.equal(rows.length, 4);
        assert.equal(
          rows.reduce((sum, [, , , max]) => sum + Number(max), 0),
          COUNT,
        );
      });
      test('consumerProgress shows that the group has caught up', () =>
        prints(['consumerProgress', '-g', GROUP], new RegExp(TOPIC), /Diff Total: 0/));
      test('consumerProgress lists the groups', () => prints(['consumerProgress'], new RegExp(GROUP)));
      test('brokerStatus shows what was put today', () =>
        prints(
          ['brokerStatus', '-b', broker.address],
          /putTps/,
          /brokerVersionDesc/,
          new RegExp(`msgPutTotalTodayNow\\s+: ${COUNT}`),
        ));
      test('getBrokerConfig shows the settings', () =>
        prints(
          ['getBrokerConfig', '-b', broker.address],
          /brokerName\s+=\s+broker-a/,
          /flushDiskType\s+=\s+ASYNC_FLUSH/,
        ));
      test('queryMsgById finds a message by its place', () =>
        prints(
          ['queryMsgById', '-i', sent[7].offsetMsgId, ...(version === '4.9.7' ? [] : ['-t', TOPIC])],
          /key7\b/,
          new RegExp(TOPIC),
        ));
      test('queryMsgByKey finds a message by its key', () =>
        prints(['queryMsgByKey', '-t', TOPIC, '-k', 'key9'], new RegExp(sent[9].msgId)));
      test('queryMsgByUniqueKey finds a message by its unique id', () =>
        prints(['queryMsgByUniqueKey', '-t', TOPIC, '-i', sent[11].msgId], /key11\b/));
      test('queryMsgByOffset finds a message by its queue offset', () =>
        prints(
          [
            'queryMsgByOffset',
            '-t',
            TOPIC,
            '-b',
            'broker-a',
            '-i',
            String(sent[13].queueId),
            '-o',
            String(sent[13].queueOffset),
          ],
          /key13\b/,
        ));
      test('printMsg prints every message', async () => {
        const output = await prints(['printMsg', '-t', TOPIC, '-d', 'true'], /BODY: m0;/);
        assert.equal(output.match(/MSGID: /g)?.length, COUNT);
      });

      test('producerConnection and consumerConnection show who is connected', async () => {
        const folder = servers.folder();
        let problems = '';
        // A client that gave up while starting, on a machine too busy for its time-outs, is started again.
        const start = (main, args) => {
          const [command, commandArgs] = programCommand(version, main, args);
          const child = spawn(command, commandArgs, { stdio: ['ignore', 'ignore', 'pipe'] });
          child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
          child.on('exit', (code) => {
            if (code === 1 && background.includes(child)) start(main, args);
          });
          background.push(child);
        };
        start('Produce', [
          nameServer.address,
          TOPIC,
          'LiveProducer',
          '0',
          '1000000',
          `${folder}/out`,
          'slow',
        ]);
        start('Consume', [
          nameServer.address,
          TOPIC,
          'LiveConsumer',
          '100000000',
          `${folder}/in`,
          'concurrent',
          '*',
          '120',
        ]);
        const online = async (args, pattern) => {
          let shown;
          const found = await eventually(async () => {
            shown = await admin(...args);
            return pattern.test(shown.stdout) ? shown.stdout : undefined;
          }, 60);
          const logs = [nameServer, broker].map((server) => server.output().slice(-2000));
          assert.ok(found, [args[0], shown.stdout, shown.stderr, problems, ...logs].join('\n'));
          return found;
        };
        await online(
          ['producerConnection', '-g', 'LiveProducer', '-t', TOPIC],
          /@LiveProducer-\d+ .* JAVA +V\d/,
        );
        const consumers = await online(
          ['consumerConnection', '-g', 'LiveConsumer'],
          /MessageModel: CLUSTERING/,
        );
        assert.match(consumers, new RegExp(TOPIC));
        assert.match(consumers, /JAVA\s+V\d/);
      });
      test('resetOffsetByTime moves an online group back', () =>
        prints(['resetOffsetByTime', '-g', 'LiveConsumer', '-t', TOPIC, '-s', '0'], /broker-a/));
      test('resetOffsetByTime moves an offline group back', async () => {
        await prints(['resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', '0'], /broker-a/);
        for (const child of background.splice(0)) child.kill('SIGKILL');
        const again = await consume(version, {
          nameServer,
          topic: TOPIC,
          folder: servers.folder(),
          count: COUNT,
          group: GROUP,
        });
        assert.ok(new Set(again.map(({ seq }) => seq)).size >= COUNT, 'everything was consumed again');
      });
      test('deleteTopic removes the topic', async () => {
        await prints(['deleteTopic', '-c', 'DefaultCluster', '-t', TOPIC], /success/);
        const { stdout } = await admin('topicList');
        assert.doesNotMatch(stdout, new RegExp(`^${TOPIC}$`, 'm'));
      });
    });
  }
});
