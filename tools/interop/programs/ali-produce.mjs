// ali-ons sends numbered messages. Arguments: folder of ali-ons, nameServer, topic, group, from, count, output.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bodyText } from './message-facts.mjs';

const [folder, nameSrv, topic, producerGroup, from, count, output] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { Producer, Message } = require('ali-ons');

const logger = { info() {}, debug() {}, warn: console.error, error: console.error };
const producer = new Producer({
  httpclient: require('urllib'),
  nameSrv,
  producerGroup,
  logger,
  accessKeyId: 'k',
  accessKeySecret: 's',
});
await producer.ready();
const lines = [];
for (let seq = Number(from); seq < Number(from) + Number(count); seq++) {
  const message = new Message(topic, `tag${seq % 3}`, bodyText(seq));
  message.keys = [`key${seq}`];
  message.flag = seq % 7;
  message.properties.seq = String(seq);
  const { sendStatus, msgId, offsetMsgId, messageQueue, queueOffset } = await producer.send(message);
  lines.push(
    JSON.stringify({
      seq,
      size: 1,
      status: sendStatus,
      msgId,
      offsetMsgId,
      brokerName: messageQueue.brokerName,
      queueId: Number(messageQueue.queueId),
      queueOffset: Number(queueOffset),
    }),
  );
}
writeFileSync(output, lines.join('\n'));
process.exit(0);
