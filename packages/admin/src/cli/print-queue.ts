import type { PullConsumer, ReceivedMessage } from '@mq/client';
import type { MessageQueue } from '@mq/remoting/protocol';
import type { MqadminHost } from './mqadmin-host.js';
import { parseTimestamp } from './timestamps.js';

/** Which part of a queue to read: times as `parseTimestamp` reads them. */
export interface QueueRange {
  readonly begin?: string | undefined;
  readonly end?: string | undefined;
}

/** Offsets of a part of a queue: the first, and one past the last. */
export async function offsetsOf(
  reader: PullConsumer,
  queue: MessageQueue,
  { begin, end }: QueueRange,
  host: MqadminHost,
): Promise<{ minOffset: number; maxOffset: number }> {
  const at = (time: string): Promise<number> => reader.searchOffset(queue, parseTimestamp(time, host));
  return {
    minOffset: begin === undefined ? await reader.minOffset(queue) : await at(begin),
    maxOffset: end === undefined ? await reader.maxOffset(queue) : await at(end),
  };
}

/** How reading a queue went on: a batch, nothing that matches, or the end before the last offset. */
export interface QueueStep {
  readonly status: 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';
  readonly messages: readonly ReceivedMessage[];
  /** Where the next pull begins. */
  readonly nextOffset: number;
}

/** Reads from one offset up to, not including, another. Stops where the broker has no more. */
export async function* readQueue(
  reader: PullConsumer,
  queue: MessageQueue,
  { minOffset, maxOffset }: { minOffset: number; maxOffset: number },
  expression = '*',
): AsyncGenerator<QueueStep, void, undefined> {
  for (let offset = minOffset; offset < maxOffset;) {
    const maxMsgNums = Math.min(32, maxOffset - offset);
    const { status, messages, nextBeginOffset } = await reader.pull(queue, offset, {
      expression,
      maxMsgNums,
    });
    yield { status, messages, nextOffset: nextBeginOffset };
    if (status === 'NO_NEW_MSG' || status === 'OFFSET_ILLEGAL' || nextBeginOffset <= offset) return;
    offset = nextBeginOffset;
  }
}
