import { isAdminError } from '../../../errors.js';
import type { ResetByTime } from '../../../operations/offsets.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { bool, integer, required, text } from '../../option.js';
import { parseTimestamp } from '../../timestamps.js';
import { printRollback, printOffsets } from '../../reset-tables.js';

export const resetOffsetByTime = defineCommand({
  name: 'resetOffsetByTime',
  summary: 'Reset consumer offset by timestamp(without client restart).',
  options: {
    group: required(text('g', 'group', 'set the consumer group')),
    topic: required(text('t', 'topic', 'set the topic')),
    timestamp: required(
      text('s', 'timestamp', 'set the timestamp[now|currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    ),
    force: bool('f', 'force', 'set the force rollback by timestamp switch[true|false]. Deprecated.'),
    broker: text('b', 'broker', 'broker addr'),
    queue: integer('q', 'queue', 'queue id'),
    offset: integer('o', 'offset', 'Expect queue offset, not support old version broker'),
    cluster: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run(options, context) {
    const { group, topic, timestamp, force = true, broker, queue, offset, cluster } = options;
    const timestampMs = parseTimestamp(timestamp, context.host);
    if (broker !== undefined && queue !== undefined && queue >= 0) {
      await resetOneQueue({ group, topic, timestamp, timestampMs, broker, queue, offset }, context);
      return;
    }
    const reset = {
      group,
      topic,
      timestampMs,
      force,
      ...(cluster === undefined ? {} : { routeTopic: cluster }),
    };
    await resetAllQueues(reset, timestamp, context);
  },
});

interface OneQueue {
  readonly group: string;
  readonly topic: string;
  readonly timestamp: string;
  readonly timestampMs: number;
  readonly broker: string;
  readonly queue: number;
  readonly offset: number | undefined;
}

async function resetOneQueue(reset: OneQueue, { admin, out }: CommandContext): Promise<void> {
  const { group, topic, timestamp, timestampMs, broker, queue } = reset;
  out.line(
    'start reset consumer offset by specified, group[%s], topic[%s], queueId[%s], broker[%s], timestamp(string)[%s], timestamp(long)[%s]',
    ...[group, topic, queue, broker, timestamp, timestampMs],
  );
  const offset = reset.offset ?? (await admin.offsets.search(broker, topic, queue, timestampMs));
  out.line('reset consumer offset to %d', offset);
  // Unlike upstream, 0 is an offset like any other.
  await admin.offsets.resetQueue(broker, group, { topic, brokerName: '', queueId: queue }, offset);
}

async function resetAllQueues(reset: ResetByTime, timestamp: string, context: CommandContext): Promise<void> {
  const { admin, out } = context;
  const { group, topic, force = true, timestampMs } = reset;
  try {
    const offsets = await admin.offsets.resetByTime(reset);
    out.line(
      'start reset consumer offset by specified, group[%s], topic[%s], force[%s], timestamp(string)[%s], timestamp(long)[%s]',
      ...[group, topic, force, timestamp, timestampMs],
    );
    printOffsets(offsets, out);
  } catch (error) {
    if (!isAdminError(error) || error.code !== 'GROUP_NOT_ONLINE') throw error;
    await resetOffline(reset, timestamp, context);
  }
}

/** 4.x brokers move only groups that are connected; the others' offsets are committed for them. */
async function resetOffline(
  reset: ResetByTime,
  timestamp: string,
  { admin, out }: CommandContext,
): Promise<void> {
  const { group, topic, force = true, timestampMs } = reset;
  const stats = await admin.offsets.resetOfflineByTime(reset);
  out.line(
    'reset consumer offset by specified consumerGroup[%s], topic[%s], force[%s], timestamp(string)[%s], timestamp(long)[%s]',
    ...[group, topic, force, timestamp, timestampMs],
  );
  printRollback(stats, '#resetOffset', out);
}

export const resetOffsetByTimeOld = defineCommand({
  name: 'resetOffsetByTimeOld',
  summary: 'Reset consumer offset by timestamp(execute this command required client restart).',
  options: {
    group: required(text('g', 'group', 'set the consumer group')),
    topic: required(text('t', 'topic', 'set the topic')),
    timestamp: required(
      text('s', 'timestamp', 'set the timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    ),
    force: bool('f', 'force', 'set the force rollback by timestamp switch[true|false]'),
    cluster: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run({ group, topic, timestamp, force = true, cluster }, context) {
    const timestampMs = parseTimestamp(timestamp, context.host);
    const reset = {
      group,
      topic,
      timestampMs,
      force,
      ...(cluster === undefined ? {} : { routeTopic: cluster }),
    };
    await resetOffline(reset, timestamp, context);
  },
});
