// A consumer in a process of its own, to be killed. Arguments: nameServer group topic mode handleMs. Each delivery is a line
// of standard output, `time queueId queueOffset body`, written when the handler begins: what is written was delivered; `time
// queueId` when it ends. Times are milliseconds of the machine's monotonic clock, the same in all processes. Closes in good
// order on SIGTERM; `ready` is the first line.
import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK } from '../group-watch.mjs';
import { importSource } from '../sources.mjs';

const { PushConsumer } = await importSource('@mq/client');

const [nameServer, consumerGroup, topic, consumeMode, handleMs] = process.argv.slice(2);
const consumer = new PushConsumer({
  ...QUICK,
  nameServers: [nameServer],
  consumerGroup,
  consumeMode,
  consumeMessageBatchMaxSize: 8,
  instanceName: `storm-${process.pid}`,
});
const now = () => (Number(process.hrtime.bigint()) / 1e6).toFixed(3);

consumer.subscribe(topic, '*', async (messages) => {
  const begin = now();
  let lines = '';
  for (const { queueId, queueOffset, body } of messages)
    lines += `${begin} ${queueId} ${queueOffset} ${body.toString()}\n`;
  // To a pipe this is done before it returns: a kill takes nothing that was noted.
  process.stdout.write(lines);
  await sleep(Number(handleMs));
  process.stdout.write(`${now()} ${messages[0].queueId}\n`);
});
process.on('SIGTERM', () => {
  void consumer.close({ timeoutMs: 5_000 }).then(() => process.exit(0));
});
await consumer.start();
process.stdout.write('ready\n');
