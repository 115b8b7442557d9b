import type { PullConsumer } from '@mq/client';
import { messageQueueText, type MessageQueue } from '@mq/remoting/protocol';
import { defineCommand, type CommandContext } from '../../command.js';
import { messageLine } from '../../message-text.js';
import { integer, required, text } from '../../option.js';
import { offsetsOf, readQueue } from '../../print-queue.js';
import { parseTimestamp } from '../../timestamps.js';
import { UsageError } from '@mq/remoting/settings';

const DEFAULT_COUNT = 128;

export const consumeMessage = defineCommand({
  name: 'consumeMessage',
  summary: 'Consume message.',
  options: {
    topic: required(text('t', 'topic', 'Topic name')),
    brokerName: text('b', 'brokerName', 'Broker name'),
    queueId: integer('i', 'queueId', 'Queue Id'),
    offset: integer('o', 'offset', 'Queue offset'),
    consumerGroup: text('g', 'consumerGroup', 'Consumer group name'),
    begin: text('s', 'beginTimestamp', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    end: text('e', 'endTimestamp', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    count: integer('c', 'MessageNumber', 'Number of message to be consumed'),
  },
  async run(options, context) {
    const { topic, brokerName, queueId, offset, consumerGroup, begin, end, count = DEFAULT_COUNT } = options;
    if (count <= 0) throw new UsageError('Please input a positive messageNumber!');
    if (queueId !== undefined && brokerName === undefined) {
      throw new UsageError('Please set the brokerName before queueId!');
    }
    if (offset !== undefined && queueId === undefined)
      throw new UsageError('Please set queueId before offset!');
    assertTimes({ begin, end }, context);
    await using reader = await context.admin.messages.openReader(consumerGroup);
    const queues = await reader.fetchMessageQueues(topic);
    if (brokerName !== undefined && queueId !== undefined) {
      const queue = { topic, brokerName, queueId };
      await printOne(reader, queue, { offset: offset ?? 0, begin, end, count }, context);
    } else {
      await printEach(reader, queues, { begin, end, count }, context);
    }
  },
});

interface Wanted {
  readonly begin: string | undefined;
  readonly end: string | undefined;
  readonly count: number;
}

function assertTimes({ begin, end }: Omit<Wanted, 'count'>, { host }: CommandContext): void {
  const beginMs = begin === undefined ? undefined : parseTimestamp(begin, host);
  const endMs = end === undefined ? undefined : parseTimestamp(end, host);
  if ((beginMs ?? 0) > host.now()) throw new UsageError('Please set the beginTimestamp before now!');
  if ((endMs ?? 0) > host.now()) throw new UsageError('Please set the endTimestamp before now!');
  if (endMs !== undefined && (beginMs ?? 0) > endMs) {
    const text = 'Please make sure that the beginTimestamp is less than or equal to the endTimestamp';
    throw new UsageError(text);
  }
}

async function printOne(
  reader: PullConsumer,
  queue: MessageQueue,
  { offset, count, ...times }: Wanted & { offset: number },
  context: CommandContext,
): Promise<void> {
  const { out, host } = context;
  const { minOffset, maxOffset } = await offsetsOf(reader, queue, times, host);
  if (offset > maxOffset) {
    out.line('%s no matched msg, offset=%s', messageQueueText(queue), offset);
    return;
  }
  const from = Math.max(minOffset, offset);
  if (maxOffset - from > count) out.line('The oldler %d message will be provided', count);
  await printRange(reader, queue, { minOffset: from, maxOffset: Math.min(maxOffset, from + count) }, context);
}

async function printEach(
  reader: PullConsumer,
  queues: readonly MessageQueue[],
  { count, ...times }: Wanted,
  context: CommandContext,
): Promise<void> {
  const { out, host } = context;
  let left = count;
  for (const queue of queues) {
    if (left <= 0) return;
    const { minOffset, maxOffset } = await offsetsOf(reader, queue, times, host);
    const take = Math.min(left, Math.max(0, maxOffset - minOffset));
    if (maxOffset - minOffset > left) {
      out.line('The older %d message of the %d queue will be provided', left, queue.queueId);
    }
    await printRange(reader, queue, { minOffset, maxOffset: minOffset + take }, context);
    left -= take;
  }
}

async function printRange(
  reader: PullConsumer,
  queue: MessageQueue,
  range: { minOffset: number; maxOffset: number },
  { out }: CommandContext,
): Promise<void> {
  const name = messageQueueText(queue);
  for await (const { status, messages, nextOffset } of readQueue(reader, queue, range)) {
    if (status === 'FOUND') out.line('Consume ok');
    for (const message of messages) out.line('%s', messageLine(message, { withBody: true }));
    if (status === 'NO_MATCHED_MSG')
      out.line('%s no matched msg. status=%s, offset=%s', name, status, nextOffset);
    else if (status !== 'FOUND')
      out.line('%s print msg finished. status=%s, offset=%s', name, status, nextOffset);
  }
}
