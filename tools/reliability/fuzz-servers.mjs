// Damaged requests to live servers, over real sockets: neither server may die, stop answering others, or keep memory; a
// frame that cannot be read ends its own connection and no other. The control kills the broker and must be noticed.
//   node tools/reliability/fuzz-servers.mjs [--inputs 20000] [--seed 1]
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clusterOf, OURS } from './cluster.mjs';
import * as golden from './fuzz/golden.mjs';
import { mutator } from './fuzz/mutate.mjs';
import { goldenRequests, HOPELESS, requestMutator } from './fuzz/requests.mjs';
import { watchMemory } from './process-facts.mjs';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';
import { openSocket, Wire } from './wire.mjs';

const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'HealthTopic';
const ATTACKERS = 16;
/** An attacker sends so many frames at once, then waits for its connection to take them or to be closed. */
const FRAMES_PER_WRITE = 8;
const ATTACKER_PATIENCE_MS = 100;
/** How long a server may take to end a connection whose bytes are hopeless. */
const HOPELESS_PATIENCE_MS = 5_000;
const HEALTH_PAUSE_MS = 10;
const MAX_MIB = 512;

/** Sends messages and asks for the route of their topic, on connections of its own that must never be closed. */
class Health {
  acked = 0;
  slowestMs = 0;
  violations = [];
  #stopped = false;
  #running;

  static async start(broker, nameServer) {
    const health = new Health();
    const toBroker = await Wire.open(broker.address);
    const toNameServer = await Wire.open(nameServer.address);
    health.#running = health.#run(toBroker, toNameServer);
    return health;
  }

  async stop() {
    this.#stopped = true;
    await this.#running;
  }

  async #run(toBroker, toNameServer) {
    for (let count = 0; !this.#stopped && this.violations.length === 0; count++) {
      const startedAt = performance.now();
      const sent = await toBroker.send(TOPIC, count % 4, `health-${count}`);
      const route = await toNameServer.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC });
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      this.#judge('broker', sent, toBroker);
      this.#judge('NameServer', route, toNameServer);
      if (sent?.code === ResponseCode.SUCCESS) this.acked++;
      await sleep(HEALTH_PAUSE_MS);
    }
    toBroker.close();
    toNameServer.close();
  }

  #judge(server, answer, wire) {
    if (answer?.code === ResponseCode.SUCCESS) return;
    const what = wire.closed
      ? 'closed the connection'
      : answer === undefined
        ? 'did not answer'
        : `answered ${answer.code} ${answer.remark}`;
    this.violations.push(
      `the ${server} ${what} to a client that did nothing wrong (after ${this.acked} messages)`,
    );
  }
}

/** Sends its part of the damaged frames, one connection after the other. */
async function attack(address, nextFrame, run) {
  while (run.left > 0 && !run.stopped) {
    let socket;
    try {
      socket = await openSocket(address);
    } catch (error) {
      run.refused++;
      if (run.refused > 100) throw error;
      await sleep(20);
      continue;
    }
    let wake = () => undefined;
    socket.on('data', () => {
      run.answers++;
      wake();
    });
    socket.on('close', () => wake());
    for (let writes = 0; writes < 20 && run.left > 0 && !socket.destroyed; writes++) {
      for (let i = 0; i < FRAMES_PER_WRITE; i++) socket.write(nextFrame());
      run.left -= FRAMES_PER_WRITE;
      run.sent += FRAMES_PER_WRITE;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, ATTACKER_PATIENCE_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (socket.destroyed) run.closedByServer++;
    socket.destroy();
  }
}

/** Each hopeless stream must be answered with the end of its connection. */
async function judgeHopeless(address, who) {
  const violations = [];
  for (const [name, bytes] of Object.entries(HOPELESS)) {
    const socket = await openSocket(address);
    socket.resume();
    const closed = once(socket, 'close').then(() => true);
    socket.write(bytes);
    if (!(await Promise.race([closed, sleep(HOPELESS_PATIENCE_MS, false)])))
      violations.push(`the ${who} keeps a connection open after ${name}`);
    socket.destroy();
  }
  return violations;
}

async function campaign({ inputs, seed, sabotage }) {
  const servers = await clusterOf(OURS);
  try {
    const nameServer = await servers.nameServer(OURS);
    const settings = { brokerClusterName: 'HealthCluster', registerNameServerPeriod: 10_000 };
    const broker = await servers.broker(OURS, { nameServer, brokerName: 'healthy', settings });
    await createTopic(broker, nameServer);
    const memory = { broker: watchMemory(broker.pid), nameServer: watchMemory(nameServer.pid) };
    const health = await Health.start(broker, nameServer);
    const seeds = goldenRequests(golden.frames());
    const run = { left: inputs, sent: 0, answers: 0, closedByServer: 0, refused: 0, stopped: false };
    const watching = setInterval(() => (run.stopped ||= health.violations.length > 0), 50);
    setTimeout(() => sabotage?.(broker), 1_000).unref();
    await Promise.all(
      Array.from({ length: ATTACKERS }, (_, index) => {
        const random = seededRandom(seed * 7919 + index);
        const { address } = index % 4 === 3 ? nameServer : broker;
        return attack(address, requestMutator(mutator(random), seeds), run);
      }),
    ).catch((error) => health.violations.push(`no more connections: ${error.message}`));
    clearInterval(watching);
    const violations = [];
    if (health.violations.length === 0) {
      violations.push(...(await judgeHopeless(broker.address, 'broker')));
      violations.push(...(await judgeHopeless(nameServer.address, 'NameServer')));
    }
    await health.stop();
    const mostMiB = { broker: memory.broker.stop(), nameServer: memory.nameServer.stop() };
    for (const [who, mib] of Object.entries(mostMiB))
      if (mib > MAX_MIB) violations.push(`the ${who} held ${mib.toFixed(0)} MiB`);
    violations.unshift(...health.violations);
    if (violations.length > 0 && sabotage === undefined)
      violations.push(...lastWords(broker), ...lastWords(nameServer));
    return { ...run, acked: health.acked, slowestMs: health.slowestMs, mostMiB, violations };
  } finally {
    await servers.dispose();
  }
}

async function createTopic(broker, nameServer) {
  const wire = await Wire.open(broker.address);
  const answer = await wire.send(TOPIC, 0, 'first');
  if (answer?.code !== ResponseCode.SUCCESS)
    throw new Error(`the first message: ${answer?.code} ${answer?.remark}`);
  wire.close();
  const asking = await Wire.open(nameServer.address);
  for (const end = performance.now() + 20_000; ;) {
    const route = await asking.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC });
    if (route?.code === ResponseCode.SUCCESS) break;
    if (performance.now() > end) throw new Error('the NameServer never learned of the topic');
    await sleep(50);
  }
  asking.close();
}

const lastWords = (server) =>
  server
    .output()
    .trim()
    .split('\n')
    .slice(-3)
    .map((line) => `${server.name}: ${line.slice(0, 400)}`);

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const seed = Number(values.seed);
const startedAt = performance.now();
const result = await campaign({ inputs: Number(values.inputs), seed });
console.log(
  `servers: ${result.sent} damaged requests, ${result.closedByServer} connections closed for them, ${result.acked} acknowledged meanwhile ` +
    `(slowest ${Math.round(result.slowestMs)} ms), ${result.violations.length} violations, ` +
    `memory broker ${Math.round(result.mostMiB.broker)} MiB, NameServer ${Math.round(result.mostMiB.nameServer)} MiB, ` +
    `${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`,
);
for (const violation of result.violations.slice(0, 20)) console.log(`  ${violation}`);
const control = await campaign({ inputs: 100_000, seed, sabotage: (broker) => broker.kill() });
console.log(
  `control (broker killed): ${control.violations.length > 0 ? 'detected, as it must be' : 'NOT detected'}`,
);
process.exitCode =
  result.violations.length > 0 || result.acked === 0 || control.violations.length === 0 ? 1 : 0;
