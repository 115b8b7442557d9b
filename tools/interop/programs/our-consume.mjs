// Our client consumes until a number of distinct messages was seen.
// Arguments: nameServer topic group count output mode tags timeoutSeconds, as of Consume.java.
import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PushConsumer } from '@mq/client';
import { reportedBody } from './message-facts.mjs';

const [nameServer, topic, consumerGroup, countText, output, mode, tags, timeoutSeconds] =
  process.argv.slice(2);
const count = Number(countText);
writeFileSync(output, '');
const seen = new Set();
const failedOnce = new Set();
let finish;
const done = new Promise((resolve) => (finish = resolve));

const consumer = new PushConsumer({
  nameServers: nameServer,
  consumerGroup,
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  consumeMode: mode === 'orderly' ? 'ORDERLY' : 'CONCURRENTLY',
  messageModel: mode === 'broadcast' ? 'BROADCASTING' : 'CLUSTERING',
  // Nothing of an earlier run is known.
  localOffsetStoreDir: `${output}-offsets`,
  consumeMessageBatchMaxSize: mode === 'retry' ? 1 : 16,
  // The topic of its retries is known only once the broker knows the group.
  routeRefreshIntervalMs: 1_000,
  rebalanceIntervalMs: 1_000,
});
consumer.subscribe(topic, tags, (messages) => {
  const lines = [];
  for (const message of messages) {
    const seq = Number(message.properties.seq);
    if (mode === 'retry' && seq % 100 === 0 && !failedOnce.has(seq)) {
      failedOnce.add(seq);
      return 'RECONSUME_LATER';
    }
    lines.push({
      seq,
      body: reportedBody(message.body.toString('utf8')),
      tags: message.tags,
      keys: message.properties.KEYS,
      flag: message.flag,
      queueId: message.queueId,
      queueOffset: message.queueOffset,
      msgId: message.msgId,
      offsetMsgId: message.offsetMsgId,
      reconsumeTimes: message.reconsumeTimes,
      brokerName: message.brokerName,
      sysFlag: message.sysFlag,
      cameMs: Date.now(),
    });
    seen.add(seq);
  }
  appendFileSync(output, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  if (seen.size >= count) finish();
});
await consumer.start();
const deadline = setTimeout(finish, Number(timeoutSeconds) * 1000);
await done;
clearTimeout(deadline);
await sleep(500);
await consumer.close();
process.exitCode = seen.size >= count ? 0 : 3;
