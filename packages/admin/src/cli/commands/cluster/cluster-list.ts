import { isAdminError } from '../../../errors.js';
import { membersOf, type ClusterMember } from '../../../operations/cluster.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { flag, integer, text } from '../../option.js';
import { printf } from '../../printf.js';

const BASE_COLUMNS = '%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  %11s  %-12s  %-8s  %10s';
const MORE_COLUMNS = '%-16s  %-32s %14s %14s %14s %14s';
const HOUR_MS = 3_600_000;

type BrokerState = ClusterMember & {
  /** Absent when the broker did not answer. */
  readonly runtime?: Readonly<Record<string, string>>;
};

export const clusterList = defineCommand({
  name: 'clusterList',
  summary: 'List cluster infos.',
  options: {
    moreStats: flag('m', 'moreStats', 'Print more stats'),
    interval: integer('i', 'interval', 'specify intervals numbers, it is in seconds'),
    clusterName: text('c', 'clusterName', 'which cluster'),
  },
  intervalSeconds: ({ interval }) => interval,
  async run({ clusterName }, { admin, out }): Promise<BrokerState[]> {
    const states: BrokerState[] = [];
    for (const member of membersOf(await admin.cluster.info(), clusterName)) {
      try {
        states.push({ ...member, runtime: await admin.brokers.runtimeInfo(member.address) });
      } catch (error) {
        if (!isAdminError(error)) throw error;
        out.problem(error.message);
        states.push(member);
      }
    }
    return states;
  },
  print(states, context, { moreStats }) {
    if (moreStats) printMore(states, context);
    else printBase(states, context);
  },
});

function printMore(states: readonly BrokerState[], { out }: CommandContext): void {
  const titles = [
    '#Cluster Name',
    '#Broker Name',
    '#InTotalYest',
    '#OutTotalYest',
    '#InTotalToday',
    '#OutTotalToday',
  ];
  out.line(MORE_COLUMNS, ...titles);
  for (const { clusterName, brokerName, runtime = {} } of states) {
    const between = (from: string, to: string): number =>
      Number(runtime[to] ?? 0) - Number(runtime[from] ?? 0);
    out.line(
      MORE_COLUMNS,
      clusterName,
      brokerName,
      between('msgPutTotalYesterdayMorning', 'msgPutTotalTodayMorning'),
      between('msgGetTotalYesterdayMorning', 'msgGetTotalTodayMorning'),
      between('msgPutTotalTodayMorning', 'msgPutTotalTodayNow'),
      between('msgGetTotalTodayMorning', 'msgGetTotalTodayNow'),
    );
  }
}

function printBase(states: readonly BrokerState[], { out, host }: CommandContext): void {
  // Upstream's title of the column PCWait stands to the left of its values.
  out.line(
    '%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  %-11s  %-12s  %-8s  %-10s',
    ...['#Cluster Name', '#Broker Name', '#BID', '#Addr', '#Version', '#InTPS(LOAD)', '#OutTPS(LOAD)'],
    ...['#Timer(Progress)', '#PCWait(ms)', '#Hour', '#SPACE', '#ACTIVATED'],
  );
  for (const { clusterName, brokerName, brokerId, address, runtime = {} } of states) {
    const figure = (key: string): string => runtime[key] ?? '';
    const queue = (kind: string, otherwise = ''): string =>
      `${runtime[`${kind}ThreadPoolQueueSize`] ?? otherwise},${runtime[`${kind}ThreadPoolQueueHeadWaitTimeMills`] ?? otherwise}ms`;
    out.line(
      BASE_COLUMNS,
      ...[clusterName, brokerName, brokerId, address, figure('brokerVersionDesc')],
      printf('%9.2f(%s)', first(figure('putTps')), queue('send')),
      // 4.x brokers have another spelling, and no queue for acknowledgements.
      printf(
        '%9.2f(%s|%s)',
        first(runtime['getTransferredTps'] ?? figure('getTransferedTps')),
        queue('pull'),
        queue('ack', 'N'),
      ),
      timerProgress(runtime),
      figure('pageCacheLockTimeMills'),
      printf('%.2f', hoursSince(figure('earliestMessageTimeStamp'), host.now())),
      printf('%.4f', Number(figure('commitLogDiskRatio'))),
      figure('brokerActive') === 'true',
    );
  }
}

/** Messages behind, offset behind, congestion in ten thousands, in and out per second. */
function timerProgress(runtime: Readonly<Record<string, string>>): string {
  const figure = (key: string): number => Number(runtime[key] ?? 0);
  return printf(
    '%d-%d(%.1fw, %.1f, %.1f)',
    figure('timerReadBehind'),
    figure('timerOffsetBehind'),
    figure('timerCongestNum') / 10_000,
    figure('timerEnqueueTps'),
    figure('timerDequeueTps'),
  );
}

/** The first of several figures, the one of the shortest period. */
const first = (figures: string): number => Number(figures.split(' ')[0] || 0);

/** Upstream takes -1, said by a broker without messages, for a time: half a million hours. */
const hoursSince = (timestamp: string, nowMs: number): number =>
  Number(timestamp) > 0 ? (nowMs - Number(timestamp)) / HOUR_MS : 0;
