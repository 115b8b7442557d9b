// What a popped and acknowledged message costs a broker in CPU time: ours and Apache's in turns, driven by our client.
//   node tools/bench/pop.mjs [--messages 40000] [--rounds 3] [--version 5.3.3] [--buffer off|on] [--ack batch|single]
// Prints microseconds of CPU of the broker's process a message (user and system), and the quotient of the medians.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clusterOf, OURS } from '../reliability/cluster.mjs';
import { rawClient } from '../reliability/raw-client.mjs';
import { importSource } from '../reliability/sources.mjs';
import { inTurns, sideMedians } from './turns.mjs';

const { PopConsumer, Producer } = await importSource('@mq/client');

const TOPIC = 'BenchPop';
const QUEUES = 8;
const LANES = 4;
const BODY = 'x'.repeat(256);
/** Of the clock that /proc counts CPU time with. */
const TICKS_A_SECOND = 100;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '3' },
    version: { type: 'string', default: '5.3.3' },
    buffer: { type: 'string', default: 'off' },
    ack: { type: 'string', default: 'batch' },
  },
});
const messages = Number(values.messages);
const isBatch = values.ack === 'batch';

/** CPU seconds a process has used. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

async function fill(nameServer, count) {
  const producer = new Producer({ nameServers: nameServer.address, producerGroup: 'bench' });
  await producer.start();
  const batch = Array.from({ length: 100 }, () => ({ topic: TOPIC, body: BODY }));
  for (let sent = 0; sent < count; sent += batch.length) await producer.sendBatch(batch);
  await producer.close();
}

/** Pops and acknowledges `count` messages. */
async function drain(nameServer, count) {
  let left = count;
  const lane = async (number) => {
    const consumer = new PopConsumer({
      nameServers: nameServer.address,
      consumerGroup: 'bench-pop',
      instanceName: `bench-${number}`,
      startFrom: 'EARLIEST',
    });
    await consumer.start();
    while (left > 0) {
      const received = await consumer.receive(TOPIC, { maxMessages: 32, waitMs: 1_000 });
      left -= received.length;
      if (isBatch) await Promise.all(received.map((message) => consumer.ack(message)));
      else for (const message of received) await consumer.ack(message);
    }
    await consumer.close();
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
}

async function measure(kind) {
  const servers = await clusterOf(kind);
  try {
    const nameServer = await servers.nameServer(OURS);
    const settings = {
      enablePopBufferMerge: values.buffer === 'on',
      mappedFileSizeCommitLog: 256 * 1024 * 1024,
    };
    const broker = await servers.broker(kind, { nameServer, settings });
    const client = rawClient();
    await client.createTopic(broker.address, TOPIC, QUEUES);
    await client.close();
    // The second half is measured: by then both have compiled what they run.
    // More than is drained: the lanes take a little too many.
    await fill(nameServer, messages + 1_000);
    await drain(nameServer, messages / 2);
    const [cpuBefore, startedAt] = [cpuSeconds(broker.pid), performance.now()];
    await drain(nameServer, messages / 2);
    const seconds = (performance.now() - startedAt) / 1000;
    const micros = ((cpuSeconds(broker.pid) - cpuBefore) * 1e6) / (messages / 2);
    console.log(
      `${kind}: ${micros.toFixed(1)} µs a message, ${Math.round(messages / 2 / seconds)} messages/s`,
    );
    return micros;
  } finally {
    await servers.dispose();
  }
}

const sides = [OURS, values.version];
const [ours, theirs] = sideMedians(await inTurns(sides, { rounds: Number(values.rounds) }, measure));
console.log(
  `pop and ack (${values.ack}), checkpoints ${values.buffer === 'on' ? 'in memory first' : 'in the log'}: ` +
    `ours ${ours.toFixed(1)} µs, Apache ${values.version} ${theirs.toFixed(1)} µs, quotient ${(ours / theirs).toFixed(2)}`,
);
