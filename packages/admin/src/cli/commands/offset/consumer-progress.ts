import {
  compareMessageQueue,
  isRetryTopic,
  messageQueueKey,
  retryTopic,
  versionName,
  type ConsumeStats,
} from '@mq/remoting/protocol';
import { isAdminError } from '../../../errors.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { bool, text } from '../../option.js';
import { cut, printf } from '../../printf.js';
import { toSeconds } from '../../timestamps.js';

interface QueueProgress {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  /** Messages not consumed yet. */
  readonly diff: number;
  /** Messages handed out and not acknowledged (5.x). */
  readonly inflight: number;
  /** Store time of the newest consumed message, ms; 0: not known. */
  readonly lastTimestamp: number;
  /** Who consumes the queue now, when asked for. */
  readonly clientIp?: string;
}

interface GroupProgress {
  readonly group: string;
  readonly queues: readonly QueueProgress[];
  readonly consumeTps: number;
  readonly diffTotal: number;
  readonly inflightTotal: number;
}

interface GroupSummary {
  readonly group: string;
  readonly count: number;
  readonly version: string;
  readonly type: '' | 'PULL' | 'PUSH';
  readonly model: string;
  readonly consumeTps: number;
  readonly diffTotal: number;
}

export const consumerProgress = defineCommand({
  name: 'consumerProgress',
  summary: "Query consumer's progress, speed.",
  options: {
    group: text('g', 'groupName', 'consumer group name'),
    topic: text('t', 'topicName', 'topic name'),
    showClientIP: bool('s', 'showClientIP', 'Show Client IP per Queue'),
    cluster: text('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  },
  async run(
    { group, topic, cluster, showClientIP = false },
    context,
  ): Promise<GroupProgress | GroupSummary[]> {
    if (group === undefined) return summaries(context);
    const stats = await context.admin.offsets.consumeStats(group, { topic, routeTopic: cluster });
    return progressOf(group, stats, showClientIP ? await clientIps(group, context) : undefined);
  },
  print(result, context, { showClientIP = false }) {
    if (Array.isArray(result)) printSummaries(result as GroupSummary[], context);
    else printProgress(result as GroupProgress, context, showClientIP);
  },
});

function progressOf(
  group: string,
  { offsetTable, consumeTps }: ConsumeStats,
  clientIps: ReadonlyMap<string, string> | undefined,
): GroupProgress {
  const queues = [...offsetTable]
    .sort(([a], [b]) => compareMessageQueue(a, b))
    .map(([queue, { brokerOffset, consumerOffset, pullOffset = 0, lastTimestamp }]): QueueProgress => ({
      ...{ ...queue, brokerOffset, consumerOffset, lastTimestamp },
      diff: brokerOffset - consumerOffset,
      inflight: pullOffset - consumerOffset,
      ...(clientIps === undefined ? {} : { clientIp: clientIps.get(messageQueueKey(queue)) ?? 'N/A' }),
    }));
  const sum = (figure: 'diff' | 'inflight'): number =>
    queues.reduce((total, queue) => total + queue[figure], 0);
  return { group, queues, consumeTps, diffTotal: sum('diff'), inflightTotal: sum('inflight') };
}

/** Which client consumes which queue, by queue key; without those that do not answer. */
async function clientIps(group: string, { admin, out }: CommandContext): Promise<Map<string, string>> {
  const ips = new Map<string, string>();
  try {
    for (const { clientId } of (await admin.clients.consumerConnection(group)).connectionSet) {
      const { mqTable } = await admin.clients.consumerRunningInfo(group, clientId);
      for (const queue of mqTable.keys()) ips.set(messageQueueKey(queue), clientId.split('@')[0] ?? '');
    }
  } catch (error) {
    if (!isAdminError(error)) throw error;
    if (error.code !== 'GROUP_NOT_ONLINE') out.problem(error.message);
  }
  return ips;
}

function printProgress(progress: GroupProgress, { out, host }: CommandContext, withIp: boolean): void {
  // Upstream's title of the last column stands one to the left of its values.
  const titles = ['#Topic', '#Broker Name', '#QID', '#Broker Offset', '#Consumer Offset'];
  const columns = '%-64s  %-32s  %-4s  %-20s  %-20s  ';
  const ipColumn = (ip: string): string => (withIp ? printf('%-20s  ', ip) : '');
  out.text(printf(columns, ...titles) + ipColumn('#Client IP'));
  out.line('%-20s %-20s%s', '#Diff', '#Inflight', '#LastTime');
  for (const queue of progress.queues) {
    const { topic, brokerName, queueId, brokerOffset, consumerOffset, diff, inflight, lastTimestamp } = queue;
    out.text(printf(columns, cut(topic, 64), cut(brokerName, 32), queueId, brokerOffset, consumerOffset));
    out.text(ipColumn(queue.clientIp ?? ''));
    out.line('%-20d %-20d %s', diff, inflight, lastTimestamp === 0 ? 'N/A' : toSeconds(lastTimestamp, host));
  }
  out.line();
  out.line('Consume TPS: %.2f', progress.consumeTps);
  out.line('Consume Diff Total: %d', progress.diffTotal);
  out.line('Consume Inflight Total: %d', progress.inflightTotal);
}

/** Every group that has a retry topic; a figure that cannot be had is 0, as upstream has it. */
async function summaries({ admin }: CommandContext): Promise<GroupSummary[]> {
  const prefixLength = retryTopic('').length;
  const groups = (await admin.topics.list()).filter(isRetryTopic).map((topic) => topic.slice(prefixLength));
  const found: GroupSummary[] = [];
  for (const group of groups) {
    const stats = await orUndefined(admin.offsets.consumeStats(group));
    const connection = await orUndefined(admin.clients.consumerConnection(group));
    const versions = connection?.connectionSet.map(({ version }) => version) ?? [];
    const isPush = connection?.consumeType === 'CONSUME_PASSIVELY';
    found.push({
      group,
      count: versions.length,
      version: versions.length === 0 ? 'OFFLINE' : versionName(Math.min(...versions)),
      type: connection === undefined ? '' : connection.consumeType === 'CONSUME_ACTIVELY' ? 'PULL' : 'PUSH',
      model: isPush ? (connection.messageModel ?? '') : '',
      consumeTps: Math.trunc(stats?.consumeTps ?? 0),
      diffTotal: [...(stats?.offsetTable.values() ?? [])].reduce(
        (sum, { brokerOffset, consumerOffset }) => sum + brokerOffset - consumerOffset,
        0,
      ),
    });
  }
  return found;
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAdminError(error) && error.code !== 'CONNECTION_FAILED') return undefined;
    throw error;
  }
}

function printSummaries(groups: readonly GroupSummary[], { out }: CommandContext): void {
  const columns = '%-64s  %-6s  %-24s %-5s  %-14s  %-7s  %s';
  out.line(columns, '#Group', '#Count', '#Version', '#Type', '#Model', '#TPS', '#Diff Total');
  for (const { group, count, version, type, model, consumeTps, diffTotal } of groups) {
    out.line(columns, cut(group, 64), count, version, type, model, consumeTps, diffTotal);
  }
}
