import {
  CURRENT_VERSION,
  SystemTopic,
  stringifyFastjson,
  versionName,
  JavaDouble,
} from '@mq/remoting/protocol';
import { isAdminError } from '../../../errors.js';
import { isMaster } from '../../../operations/cluster.js';
import { BrokerStatistic } from '../../../operations/brokers.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { required, text } from '../../option.js';
import { sumOf24Hours } from '../broker/stats-all.js';
import { DEFAULT_EXPORT_FOLDER } from './export-folder.js';

type Figures = Record<'normalIn' | 'normalOut' | 'transIn' | 'scheduleIn', number>;

export const exportMetrics = defineCommand({
  name: 'exportMetrics',
  summary: 'Export metrics.',
  options: {
    clusterName: required(text('c', 'clusterName', 'choose a cluster to export')),
    filePath: text('f', 'filePath', `export metrics.json path | default ${DEFAULT_EXPORT_FOLDER}`),
  },
  async run({ clusterName, filePath = DEFAULT_EXPORT_FOLDER }, context) {
    const { admin, out, host } = context;
    const evaluateReport: Record<string, unknown> = {};
    const totalTps = noFigures();
    const totalOneDayNum = noFigures();
    for (const { brokerName, address } of (await admin.cluster.members(clusterName)).filter(isMaster)) {
      const { report, tps, oneDayNum } = await brokerReport(address, context);
      evaluateReport[brokerName] = report;
      addTo(totalTps, tps);
      addTo(totalOneDayNum, oneDayNum);
    }
    const totalData = {
      totalTps: named(totalTps, (name) => `total${capital(name)}Tps`, asDouble),
      totalOneDayNum: named(totalOneDayNum, (name) => `${name.replace(/(In|Out)$/, 'OneDay$1')}Num`, Number),
    };
    const path = `${filePath}/metrics.json`;
    host.writeFile(path, stringifyFastjson({ evaluateReport, totalData }, { pretty: true }));
    out.line('export %s success', path);
  },
});

async function brokerReport(address: string, context: CommandContext) {
  const { admin } = context;
  const runtime = await admin.brokers.runtimeInfo(address);
  const config = await admin.brokers.config(address);
  const groups = Object.keys(await admin.groups.userGroups(address));
  const topics = Object.keys(await admin.topics.userConfigs(address));
  const transactions = await putStatistic(address, SystemTopic.TRANS_HALF, context);
  const schedule = await putStatistic(address, SystemTopic.SCHEDULE, context);
  const figure = (key: string): number => Number((runtime[key] ?? '0').split(' ')[0]);
  const tps: Figures = {
    normalIn: figure('putTps'),
    normalOut: figure('getTransferredTps'),
    transIn: transactions.tps,
    scheduleIn: schedule.tps,
  };
  const oneDayNum: Figures = {
    normalIn: figure('msgPutTotalTodayMorning') - figure('msgPutTotalYesterdayMorning'),
    normalOut: figure('msgGetTotalTodayMorning') - figure('msgGetTotalYesterdayMorning'),
    transIn: transactions.sum,
    scheduleIn: schedule.sum,
  };
  const report = {
    runtimeEnv: {
      cpuNum: config.get('clientCallbackExecutorThreads'),
      totalMemKBytes: runtime['totalMemKBytes'],
    },
    runtimeQuota: {
      diskRatio: {
        commitLogDiskRatio: runtime['commitLogDiskRatio'],
        consumeQueueDiskRatio: runtime['consumeQueueDiskRatio'],
      },
      tps: named(tps, (name) => `${name}Tps`, asDouble),
      oneDayNum: named(oneDayNum, (name) => `${name.replace(/(In|Out)$/, 'OneDay$1')}Num`, Number),
      messageAverageSize: runtime['putMessageAverageSize'],
      topicSize: topics.length,
      groupSize: groups.length,
    },
    runtimeVersion: {
      rocketmqVersion: versionName(CURRENT_VERSION),
      clientInfo: await clientsOf(groups, context),
    },
  };
  return { report, tps, oneDayNum };
}

/** Languages and versions of connected consumers. */
async function clientsOf(groups: readonly string[], { admin }: CommandContext): Promise<Set<string>> {
  const clients = new Set<string>();
  for (const group of groups) {
    try {
      const { connectionSet } = await admin.clients.consumerConnection(group);
      for (const { language, version } of connectionSet) clients.add(`${language}%${versionName(version)}`);
    } catch (error) {
      if (!isAdminError(error)) throw error;
    }
  }
  return clients;
}

async function putStatistic(address: string, topic: string, { admin }: CommandContext) {
  try {
    const stats = await admin.brokers.statistic(address, BrokerStatistic.TOPIC_PUT_NUMS, topic);
    return { tps: stats.statsMinute.tps, sum: sumOf24Hours(stats) };
  } catch (error) {
    if (!isAdminError(error) || error.responseCode === undefined) throw error;
    return { tps: 0, sum: 0 };
  }
}

const noFigures = (): Figures => ({ normalIn: 0, normalOut: 0, transIn: 0, scheduleIn: 0 });

function addTo(total: Figures, figures: Figures): void {
  for (const name of Object.keys(total) as (keyof Figures)[]) total[name] += figures[name];
}

const named = <T>(
  figures: Figures,
  rename: (name: string) => string,
  format: (value: number) => T,
): Record<string, T> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [rename(name), format(value)]));

const asDouble = (value: number): JavaDouble => new JavaDouble(value);
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
