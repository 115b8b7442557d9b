// A producer in a process of its own, so that what the campaign does besides does not slow it: sends at a steady rate, or as
// fast as answers come where that is slower, on one connection that it never opens again. Arguments: address topic perSecond.
// Tells its parent every 100 ms `{ acked, slowestMs, failure }`; a failure is final.
import { importSource } from '../sources.mjs';
import { Wire } from '../wire.mjs';

const { ResponseCode } = await importSource('@mq/remoting/protocol');

const [address, topic, perSecond] = process.argv.slice(2);
const TICK_MS = 10;
const MOST_IN_FLIGHT = 64;
const BODY = Buffer.alloc(128, 0x61);
const QUEUES = 4;
const facts = { acked: 0, slowestMs: 0, failure: undefined };
const wire = await Wire.open(address);

let inFlight = 0;

async function sendOne(number) {
  const startedAt = performance.now();
  inFlight++;
  const answer = await wire.send(topic, number % QUEUES, BODY);
  inFlight--;
  facts.slowestMs = Math.max(facts.slowestMs, performance.now() - startedAt);
  if (answer?.code === ResponseCode.SUCCESS) facts.acked++;
  else
    facts.failure ??= wire.closed
      ? 'its connection was closed'
      : answer === undefined
        ? 'it got no answer'
        : `it was answered ${answer.code} ${answer.remark}`;
}

let [due, sent, tickedAt] = [0, 0, performance.now()];
const sending = setInterval(() => {
  const at = performance.now();
  // What could not be sent in time is not made up for.
  due = Math.min(due + ((at - tickedAt) * Number(perSecond)) / 1000, MOST_IN_FLIGHT);
  tickedAt = at;
  for (; due >= 1 && inFlight < MOST_IN_FLIGHT && facts.failure === undefined; due--) void sendOne(sent++);
}, TICK_MS);
const telling = setInterval(() => {
  if (process.connected) process.send(facts);
  facts.slowestMs = 0;
}, 100);
process.on('disconnect', () => {
  clearInterval(telling);
  clearInterval(sending);
  process.exit();
});
