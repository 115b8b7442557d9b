// ali-ons consumes until a number of distinct messages was seen.
// Arguments: folder of ali-ons, nameServer, topic, group, count, output, tags, timeoutSeconds.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reportedBody } from './message-facts.mjs';

const [folder, nameSrv, topic, consumerGroup, count, output, tags, timeoutSeconds] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { Consumer } = require('ali-ons');

const logger = { info() {}, debug() {}, warn() {}, error: console.error };
const consumer = new Consumer({
  httpclient: require('urllib'),
  nameSrv,
  consumerGroup,
  logger,
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  parallelConsumeLimit: 16,
  accessKeyId: 'k',
  accessKeySecret: 's',
});
const lines = [];
const seen = new Set();
const done = deferred();
consumer.subscribe(topic, tags, async (message) => {
  const seq = Number(message.properties.seq);
  lines.push(
    JSON.stringify({
      seq,
      body: reportedBody(message.body.toString()),
      tags: message.tags,
      keys: message.properties.KEYS,
      flag: message.flag,
      queueId: message.queueId,
      queueOffset: Number(message.queueOffset),
      msgId: message.msgId,
      reconsumeTimes: message.reconsumeTimes,
    }),
  );
  seen.add(seq);
  if (seen.size >= Number(count)) done.resolve();
});
await Promise.race([done.promise, sleep(Number(timeoutSeconds) * 1000)]);
await sleep(500);
writeFileSync(output, lines.join('\n'));
process.exit(seen.size >= Number(count) ? 0 : 3);

function deferred() {
  const result = {};
  result.promise = new Promise((resolve) => (result.resolve = resolve));
  return result;
}
