// A consumer that fails messages as planned, in a process of its own, to be killed. A body `name:3` fails in its first three
// attempts. Arguments: nameServer group topic mode maxReconsumeTimes honest; a dishonest one reports success of everything.
// Each attempt is a line of standard output, `time outcome attempt queueId queueOffset body`, written when the handler has
// decided; `ready` is the first line. Times are milliseconds of the machine's monotonic clock. Closes on SIGTERM.
import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK } from '../group-watch.mjs';
import { importSource } from '../sources.mjs';

const { PushConsumer } = await importSource('@mq/client');

const HANDLE_MS = 2;
const [nameServer, consumerGroup, topic, consumeMode, maxReconsumeTimes, honest] = process.argv.slice(2);
const consumer = new PushConsumer({
  ...QUICK,
  nameServers: [nameServer],
  consumerGroup,
  consumeMode,
  maxReconsumeTimes: Number(maxReconsumeTimes),
  suspendCurrentQueueTimeMs: 50,
  instanceName: `planned-${process.pid}`,
});

consumer.subscribe(topic, '*', async ([message]) => {
  await sleep(HANDLE_MS);
  const { reconsumeTimes, queueId, queueOffset } = message;
  const body = message.body.toString();
  const failures = Number(body.slice(body.indexOf(':') + 1));
  const outcome = reconsumeTimes < failures ? 'failed' : 'consumed';
  const now = (Number(process.hrtime.bigint()) / 1e6).toFixed(3);
  // To a pipe this is done before it returns: a kill takes nothing that was noted.
  process.stdout.write(`${now} ${outcome} ${reconsumeTimes} ${queueId} ${queueOffset} ${body}\n`);
  return outcome === 'failed' && honest === 'true' ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
});
process.on('SIGTERM', () => {
  void consumer.close({ timeoutMs: 5_000 }).then(() => process.exit(0));
});
await consumer.start();
process.stdout.write('ready\n');
