import { isDlqTopic, isRetryTopic, type BrokerData, type BrokerStatsData } from '@mq/remoting/protocol';
import { isAdminError } from '../../../errors.js';
import { masterAddress } from '../../../operations/broker-address.js';
import { BrokerStatistic } from '../../../operations/brokers.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { flag, text } from '../../option.js';
import { cut } from '../../printf.js';

interface StatsRow {
  readonly topic: string;
  /** Absent for a topic nobody consumes. */
  readonly group?: string;
  /** Messages not consumed yet. */
  readonly accumulation: number;
  readonly inTps: number;
  readonly outTps: number;
  readonly inMsg24Hour: number;
  readonly outMsg24Hour: number;
}

export const statsAll = defineCommand({
  name: 'statsAll',
  summary: 'Topic and Consumer tps stats.',
  options: {
    activeTopic: flag('a', 'activeTopic', 'print active topic only'),
    topic: text('t', 'topic', 'print select topic only'),
  },
  async run({ activeTopic, topic: selected }, context): Promise<StatsRow[]> {
    const topics = (await context.admin.topics.list()).filter(
      (topic) => !isRetryTopic(topic) && !isDlqTopic(topic) && (selected === undefined || topic === selected),
    );
    const rows: StatsRow[] = [];
    for (const topic of topics) {
      const ofTopic = await orElse(topicRows(topic, context), []);
      rows.push(
        ...ofTopic.filter(({ inMsg24Hour, outMsg24Hour }) => !activeTopic || inMsg24Hour + outMsg24Hour > 0),
      );
    }
    return rows;
  },
  print(rows, { out }) {
    const titles = ['#Topic', '#Consumer Group', '#Accumulation', '#InTPS', '#OutTPS', '#InMsg24Hour'];
    out.line('%-64s  %-64s %12s %11s %11s %14s %14s', ...titles, '#OutMsg24Hour');
    for (const { topic, group, accumulation, inTps, outTps, inMsg24Hour, outMsg24Hour } of rows) {
      const names = [cut(topic, 64), cut(group ?? '', 64)];
      if (group === undefined) {
        out.line(
          '%-64s  %-64s %12d %11.2f %11s %14d %14s',
          ...names,
          0,
          inTps,
          '',
          inMsg24Hour,
          'NO_CONSUMER',
        );
      } else {
        const figures = [accumulation, inTps, outTps, inMsg24Hour, outMsg24Hour];
        out.line('%-64s  %-64s %12d %11.2f %11.2f %14d %14d', ...names, ...figures);
      }
    }
  },
});

async function topicRows(topic: string, context: CommandContext): Promise<StatsRow[]> {
  const { admin } = context;
  const { brokerDatas } = await admin.topics.route(topic);
  const groups = await admin.topics.groupsConsuming(topic);
  const put = await total(brokerDatas, BrokerStatistic.TOPIC_PUT_NUMS, topic, context);
  const incoming = { topic, inTps: put.tps, inMsg24Hour: put.sum };
  if (groups.length === 0) return [{ ...incoming, accumulation: 0, outTps: 0, outMsg24Hour: 0 }];
  const rows: StatsRow[] = [];
  for (const group of groups) {
    const got = await total(brokerDatas, BrokerStatistic.GROUP_GET_NUMS, `${topic}@${group}`, context);
    const accumulation = await orElse(accumulated(group, topic, context), 0);
    rows.push({ ...incoming, group, accumulation, outTps: got.tps, outMsg24Hour: got.sum });
  }
  return rows;
}

async function accumulated(group: string, topic: string, { admin }: CommandContext): Promise<number> {
  const { offsetTable } = await admin.offsets.consumeStats(group, { topic });
  const diffs = [...offsetTable.values()].map(
    ({ brokerOffset, consumerOffset }) => brokerOffset - consumerOffset,
  );
  return Math.max(
    0,
    diffs.reduce((sum, diff) => sum + diff, 0),
  );
}

/** One statistic over all masters of a topic. */
async function total(
  brokers: readonly BrokerData[],
  statistic: string,
  key: string,
  { admin }: CommandContext,
): Promise<{ tps: number; sum: number }> {
  const figures = { tps: 0, sum: 0 };
  for (const address of brokers.map(masterAddress)) {
    if (address === undefined) continue;
    const stats = await orElse(admin.brokers.statistic(address, statistic, key), undefined);
    figures.tps += stats?.statsMinute.tps ?? 0;
    figures.sum += stats === undefined ? 0 : sumOf24Hours(stats);
  }
  return figures;
}

/** The sum of the longest period that has one: a broker younger than a day has no day yet. */
export const sumOf24Hours = ({ statsDay, statsHour, statsMinute }: BrokerStatsData): number =>
  statsDay.sum || statsHour.sum || statsMinute.sum;

/** A figure a server does not have counts as the other value. */
async function orElse<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isAdminError(error) && error.responseCode !== undefined) return otherwise;
    if (isAdminError(error) && (error.code === 'GROUP_NOT_ONLINE' || error.code === 'BROADCAST_GROUP'))
      return otherwise;
    throw error;
  }
}
