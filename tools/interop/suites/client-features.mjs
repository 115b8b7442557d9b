// What clients do together beyond sending and consuming: request and reply, trace, namespaces, broadcast offsets. Ours with
// Apache's clients and mqadmin of both releases.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { APACHE_VERSIONS, mqadmin, prepareHome, programCommand, runJava } from '../lib/apache.mjs';
import { runToEnd } from '../lib/command.mjs';
import { eventually } from '../lib/eventually.mjs';
import { OURS, Servers } from '../lib/servers.mjs';
import { root } from '../../workspace.mjs';

const program = fileURLToPath(new URL('../programs/our-features.mjs', import.meta.url));
const ourMqadmin = join(root, 'apps/mqadmin/dist/mqadmin.js');
const QUESTIONS = 5;

async function ours(...args) {
  const result = await runToEnd(process.execPath, [program, ...args]);
  assert.equal(result.code, 0, `our ${args[0]}: ${result.stderr}${result.stdout}`);
  return result.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

async function java(version, main, args, options) {
  const result = await runJava(version, main, args, options);
  assert.equal(
    result.code,
    0,
    `${version} ${main}: ${result.stderr.slice(-3000)}${result.stdout.slice(-2000)}`,
  );
  return result.stdout;
}

const sentByJava = (output) => [...output.matchAll(/^sent (\S+)/gm)].map(([, id]) => id);

/** Starts a responder; resolves, once it answers, with what awaits its end. */
function responder([command, args]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })));
  return new Promise((resolve, reject) => {
    const note = (text) => {
      output += text;
      if (output.includes('answering')) resolve({ ended, stop: () => child.kill('SIGKILL') });
    };
    child.stdout.setEncoding('utf8').on('data', note);
    child.stderr.setEncoding('utf8').on('data', note);
    child.once('exit', () => reject(new Error(`the responder ended early:\n${output}`)));
  });
}

/** Asks mqadmin until it shows what it must: trace data and index entries come a moment after the messages. */
async function traceShows(run, patterns) {
  let shown = '';
  const found = await eventually(async () => {
    const { stdout, stderr } = await run();
    shown = stdout + stderr;
    return patterns.every((pattern) => pattern.test(shown)) || undefined;
  }, 30);
  assert.ok(found, `nothing showed ${patterns.join(' and ')}:\n${shown}`);
}

describe('client features on our servers', { concurrency: true }, () => {
  let servers;
  let nameServer;
  const running = [];
  before(async () => {
    servers = new Servers({ isBrief: true });
    nameServer = await servers.nameServer(OURS);
    const settings = { traceTopicEnable: true };
    // Two brokers: the reply may come by the one that did not have the request.
    await servers.broker(OURS, { nameServer, settings, brokerName: 'broker-a' });
    await servers.broker(OURS, { nameServer, settings, brokerName: 'broker-b' });
  });
  after(async () => {
    for (const { stop } of running) stop();
    await servers.dispose();
  });
  /** On both brokers, before anybody looks for it: clients look for new queues every 30 s only. */
  async function createTopic(topic) {
    const where = ['-n', nameServer.address, '-c', 'DefaultCluster'];
    const command = [ourMqadmin, 'updateTopic', ...where, '-t', topic, '-r', '2', '-w', '2'];
    const { code, stdout, stderr } = await runToEnd(process.execPath, command);
    assert.equal(code, 0, `updateTopic: ${stderr}${stdout}`);
  }
  const answering = async (command) => {
    const started = await responder(command);
    running.push(started);
    return started;
  };

  for (const version of APACHE_VERSIONS) {
    describe(`with ${version}`, { concurrency: false }, () => {
      const name = (what) => `${what}${version.replaceAll('.', '')}`;

      test(`our requests are answered by Java ${version}`, async () => {
        const topic = name('AskJava');
        await createTopic(topic);
        const args = ['answer', nameServer.address, topic, `${QUESTIONS}`];
        const first = ours('ask', nameServer.address, topic, `${QUESTIONS}`);
        await answering(programCommand(version, 'RequestReply', args));
        for (const { question, reply } of await first) assert.equal(reply, `reply to ${question}`);
      });

      test(`requests of Java ${version} are answered by ours`, async () => {
        const topic = name('AskOurs');
        await createTopic(topic);
        const asked = java(version, 'RequestReply', ['ask', nameServer.address, topic, `${QUESTIONS}`]);
        const args = [program, 'answer', nameServer.address, topic, `${QUESTIONS}`];
        await answering([process.execPath, args]);
        assert.match(await asked, new RegExp(`question ${QUESTIONS - 1} -> reply to`));
      });

      test(`our trace is read by mqadmin ${version}`, async () => {
        const topic = name('TraceOurs');
        await createTopic(topic);
        const group = `${topic}-G`;
        const lines = await ours('traced', nameServer.address, topic, group, '-', '2', '2');
        const [{ sent }] = lines;
        const command = ['queryMsgTraceById', '-n', nameServer.address, '-i', sent];
        await traceShows(
          () => mqadmin(version, command),
          [
            new RegExp(`^Pub\\s+${group}\\s.*\\dms\\s+success`, 'm'),
            new RegExp(`^Sub\\s+${group}\\s.*\\dms\\s+success`, 'm'),
            new RegExp(`^Sub\\s+${group}-lite\\s.*success`, 'm'),
          ],
        );
      });

      test(`trace of Java ${version} is read by our mqadmin, as its own reads it`, async () => {
        const topic = name('TraceJava');
        await createTopic(topic);
        const group = `${topic}-G`;
        const output = await java(version, 'Traced', [
          nameServer.address,
          topic,
          group,
          '-',
          'CLUSTERING',
          '1',
          '1',
        ]);
        const command = ['queryMsgTraceById', '-n', nameServer.address, '-i', sentByJava(output)[0]];
        const patterns = [
          new RegExp(`^Pub\\s+${group}\\s.*\\dms\\s+success`, 'm'),
          new RegExp(`^Sub\\s+${group}\\s.*\\dms\\s+success`, 'm'),
        ];
        const runOurs = () =>
          runToEnd(process.execPath, [ourMqadmin, ...command], { env: { ...process.env, TZ: 'UTC' } });
        await traceShows(runOurs, patterns);
        const rows = (text) =>
          text
            .split('\n')
            .filter((line) => /^(#Type|Pub|Sub)\s/.test(line))
            .map((line) => line.trimEnd());
        assert.deepEqual(rows((await runOurs()).stdout), rows((await mqadmin(version, command)).stdout));
      });

      test(`clients in a namespace, ours and Java ${version}, are one group's worth of names`, async () => {
        const topic = name('Namespaced');
        await createTopic(`NS1%${topic}`);
        const args = (group, sends, receives) => [
          nameServer.address,
          topic,
          group,
          'NS1',
          'CLUSTERING',
          sends,
          receives,
        ];
        const output = await java(version, 'Traced', args(`${topic}-GJ`, '2', '2'));
        assert.match(output, new RegExp(`^got \\S+ java 1 ${topic}$`, 'm'));
        const lines = await ours('traced', nameServer.address, topic, `${topic}-GO`, 'NS1', '1', '3');
        const got = lines.filter((line) => line.got !== undefined);
        assert.deepEqual(got.map(({ body }) => body).sort(), ['java 0', 'java 1', 'ours 0']);
        for (const message of got) assert.equal(message.topic, topic);
        const list = await mqadmin('5.3.3', ['topicList', '-n', nameServer.address]);
        assert.match(list.stdout, new RegExp(`^NS1%${topic}$`, 'm'));
      });

      test(`clients of a unit, ours and Java ${version}, are one group and say their unit`, async () => {
        const topic = name('Unit');
        await createTopic(topic);
        const group = `${topic}-G`;
        const args = [nameServer.address, topic, group, 'unit:U1', 'CLUSTERING'];
        const output = await java(version, 'Traced', [...args, '2', '2']);
        assert.match(output, new RegExp(`^got \\S+ java 1 ${topic}$`, 'm'));
        assert.equal([...output.matchAll(/^client \S+@\S+@U1$/gm)].length, 2);
        const running = ours('traced', nameServer.address, topic, group, 'unit:U1', '1', '2');
        const command = ['consumerConnection', '-n', nameServer.address, '-g', group];
        await traceShows(() => mqadmin('5.3.3', command), [/\S+@\S+@U1\s/]);
        await java(version, 'Traced', [...args, '1', '0']);
        const got = (await running).filter((line) => line.got !== undefined);
        // Its group is the one that Java's consumer was in: what that had consumed does not come again.
        assert.deepEqual(got.map(({ body }) => body).sort(), ['java 0', 'ours 0']);
      });

      test(`broadcast offsets go on from Java ${version} to ours and back`, async () => {
        const topic = name('Broadcast');
        await createTopic(topic);
        const home = prepareHome(servers.folder());
        const args = (sends, receives) => [
          nameServer.address,
          topic,
          `${topic}-GB`,
          '-',
          'BROADCASTING',
          sends,
          receives,
        ];
        const bodies = (text) => [...text.matchAll(/^got \S+ (.*) \S+$/gm)].map(([, body]) => body).sort();
        const options = { home };
        assert.deepEqual(bodies(await java(version, 'Traced', args('2', '2'), options)), [
          'java 0',
          'java 1',
        ]);
        await ours('traced', nameServer.address, topic, `${topic}-other`, '-', '1', '1');
        const lines = await ours(
          'broadcast',
          nameServer.address,
          topic,
          `${topic}-GB`,
          join(home, '.rocketmq_offsets'),
          '1',
        );
        assert.deepEqual(
          lines.map(({ body }) => body),
          ['ours 0'],
        );
        // Java reads what ours wrote, and gets only what is new.
        const again = bodies(await java(version, 'Traced', args('1', '1'), options));
        assert.deepEqual(again, ['java 0']);
      });
    });
  }
});
