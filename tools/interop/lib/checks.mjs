// What a conversation must have preserved: every message once, its contents, and the order within each queue.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { bodyText, reportedBody } from '../programs/message-facts.mjs';

/** Lines of JSON of a program's output file. */
export function readLines(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The body our programs send for a number, and report (of the big ones, length and check sum). */
export const bodyOf = (seq, mode) => reportedBody(bodyText(seq, mode));

/** Every send succeeded, and queue offsets of each queue are consecutive in the order of sending. */
export function checkSent(sent, count) {
  assert.equal(
    sent.reduce((sum, { size }) => sum + size, 0),
    count,
    'number of messages sent',
  );
  const next = new Map();
  for (const { seq, size, status, brokerName, queueId, queueOffset, msgId } of sent) {
    assert.equal(status, 'SEND_OK', `status of ${seq}`);
    assert.ok(msgId, `message id of ${seq}`);
    const queue = `${brokerName}-${queueId}`;
    if (next.has(queue))
      assert.equal(queueOffset, next.get(queue), `queue offset of ${seq} in queue ${queue}`);
    next.set(queue, queueOffset + size);
  }
  return next;
}

/**
 * Deliveries hold each of the numbers [from, from + count), with the contents that were sent, at the offsets that were
 * acknowledged. `exactlyOnce` false allows repeats (their number comes back).
 */
export function checkReceived(
  received,
  { from = 0, count, exactlyOnce = true, big = false, sent, orderly = false },
) {
  const bySeq = new Map();
  let repeated = 0;
  const lastOffset = new Map();
  for (const message of received) {
    const { seq, body, tags, keys, flag, queueId, queueOffset, brokerName, reconsumeTimes } = message;
    if (bySeq.has(seq)) repeated++;
    else bySeq.set(seq, message);
    assert.equal(body, bodyOf(seq, big ? 'big' : 'single'), `body of ${seq}`);
    assert.equal(tags, `tag${seq % 3}`, `tags of ${seq}`);
    assert.equal(keys, `key${seq}`, `keys of ${seq}`);
    assert.equal(flag, seq % 7, `flag of ${seq}`);
    if (orderly && !reconsumeTimes) {
      const queue = `${brokerName}-${queueId}`;
      assert.ok(queueOffset > (lastOffset.get(queue) ?? -1), `order in queue ${queue} at ${seq}`);
      lastOffset.set(queue, queueOffset);
    }
  }
  const missing = [];
  for (let seq = from; seq < from + count; seq++) if (!bySeq.has(seq)) missing.push(seq);
  assert.deepEqual(missing.slice(0, 10), [], `${missing.length} of ${count} messages missing, the first`);
  assert.equal(bySeq.size, count, 'number of distinct messages');
  if (exactlyOnce) assert.equal(repeated, 0, 'number of repeated deliveries');
  checkQueueOrder([...bySeq.values()].filter(({ reconsumeTimes }) => !reconsumeTimes));
  for (const { seq, size, queueId, queueOffset, brokerName } of sent ?? []) {
    for (let i = 0; i < size; i++) {
      const message = bySeq.get(seq + i);
      if (message.reconsumeTimes) continue;
      assert.deepEqual(
        [message.brokerName ?? brokerName, message.queueId, message.queueOffset],
        [brokerName, queueId, queueOffset + i],
        `place of ${seq + i}`,
      );
    }
  }
  return { repeated };
}

/** In each queue, ascending offsets carry ascending numbers: the order in which one producer sent them. */
function checkQueueOrder(messages) {
  const queues = new Map();
  for (const message of messages) {
    const queue = `${message.brokerName}-${message.queueId}`;
    if (!queues.has(queue)) queues.set(queue, []);
    queues.get(queue).push(message);
  }
  for (const [queue, inQueue] of queues) {
    inQueue.sort((a, b) => a.queueOffset - b.queueOffset);
    for (let i = 1; i < inQueue.length; i++) {
      assert.ok(
        inQueue[i].queueOffset > inQueue[i - 1].queueOffset,
        `two messages at one offset of queue ${queue}`,
      );
      assert.ok(
        inQueue[i].seq > inQueue[i - 1].seq,
        `order of ${inQueue[i - 1].seq} and ${inQueue[i].seq} in queue ${queue}`,
      );
    }
  }
}
