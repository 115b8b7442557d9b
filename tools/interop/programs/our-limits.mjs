// What our producer is told that sends too much; arguments and lines as of `sizes` of Limits.java.
import { randomBytes } from 'node:crypto';
import { Producer } from '@mq/client';
import { crcOf } from './message-facts.mjs';

const MOST = 4 * 1024 * 1024;

const [, nameServers, topic] = process.argv.slice(2);
const options = { nameServers, sendMsgTimeoutMs: 10_000, compressMsgBodyOverHowmuch: 2 ** 30 };
const usual = new Producer({ ...options, producerGroup: 'limits' });
const lavish = new Producer({ ...options, producerGroup: 'limits-lavish', maxMessageSize: 2 * MOST });
await usual.start();
await lavish.start();

const most = { topic, body: randomBytes(MOST) };
const over = { topic, body: randomBytes(MOST + 1) };
const withProperty = (length) => ({ topic, body: 'x', properties: { long: 'x'.repeat(length) } });
const named = (name) => ({ topic: name, body: 'x' });

await send('most', usual, most);
await send('over, by the client', usual, over);
await send('over, by the broker', lavish, over);
await send('empty', usual, { topic, body: '' });
await send('long property', usual, withProperty(32_000));
await send('longer property', usual, withProperty(33_000));
await send('longest topic', usual, named(topic.padEnd(127, 'x')));
await send('longer topic', usual, named(topic.padEnd(128, 'x')));
await send('illegal topic', usual, named(`${topic} x`));
await send('blank topic', usual, named(' '));
await send('system topic', usual, named('SCHEDULE_TOPIC_XXXX'));
await usual.close();
await lavish.close();

async function send(what, producer, message) {
  try {
    const { status, messageQueue } = await producer.send(message);
    const crc = crcOf(Buffer.from(message.body));
    console.log(JSON.stringify({ send: what, status, crc, brokerName: messageQueue.brokerName }));
  } catch ({ code, responseCode, message: remark }) {
    const by = responseCode === undefined ? 'client' : 'broker';
    console.log(JSON.stringify({ send: what, by, code: responseCode ?? code, remark }));
  }
}
