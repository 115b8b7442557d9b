// 28 GET_BROKER_RUNTIME_INFO: what mqadmin's brokerStatus and clusterList show. All values are text.
import type { RequestProcessor } from '@mq/remoting';
import { CURRENT_VERSION, encodeKVTable, versionName } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { found } from './answer.js';
import { humanReadableBytes } from './human-readable-bytes.js';

export function getBrokerRuntimeInfo(parts: BrokerParts): RequestProcessor {
  return async () => {
    const earliest = await parts.store.earliestStoreTimestamp();
    const table = {
      ...parts.store.runtimeInfo(),
      ...parts.schedule.runtimeInfo(),
      ...brokerRows(parts),
      ...totalRows(parts),
      ...storeRows(parts),
      ...queueRows(parts),
      ...(parts.timers?.runtimeInfo() ?? noTimerRows),
      earliestMessageTimeStamp: String(earliest),
    };
    return found(encodeKVTable({ table }));
  };
}

function brokerRows({ settings }: BrokerParts): Record<string, string> {
  return {
    brokerActive: 'true',
    brokerVersion: String(CURRENT_VERSION),
    brokerVersionDesc: versionName(CURRENT_VERSION),
    startAcceptSendRequestTimeStamp: String(settings.broker.startAcceptSendRequestTimeStamp),
  };
}

function totalRows({ stats: { puts, gets } }: BrokerParts): Record<string, string> {
  return {
    msgPutTotalYesterdayMorning: String(puts.yesterdayMorning),
    msgPutTotalTodayMorning: String(puts.todayMorning),
    msgPutTotalTodayNow: String(puts.now),
    msgGetTotalYesterdayMorning: String(gets.yesterdayMorning),
    msgGetTotalTodayMorning: String(gets.todayMorning),
    msgGetTotalTodayNow: String(gets.now),
  };
}

/** There is no lock on the page cache and no transient pool here; the rows are kept because tools read them. */
function storeRows({ store, disk, settings }: BrokerParts): Record<string, string> {
  const { totalBytes, usableBytes } = disk.usage(settings.store.storePathRootDir);
  return {
    dispatchBehindBytes: String(store.dispatchBehindBytes),
    pageCacheLockTimeMills: '0',
    remainTransientStoreBufferNumbs: '2147483647',
    remainHowManyDataToFlush: humanReadableBytes(store.maxPhyOffset - store.flushedWhere),
    commitLogDirCapacity: `Total : ${humanReadableBytes(totalBytes)}, Free : ${humanReadableBytes(usableBytes)}.`,
  };
}

/** One loop serves every request: nothing waits in a queue of a pool, held pulls excepted. */
function queueRows({ settings: { broker }, pullHolds }: BrokerParts): Record<string, string> {
  const rows: Record<string, string> = {
    EndTransactionQueueSize: '0',
    EndTransactionThreadPoolQueueCapacity: String(broker.endTransactionPoolQueueCapacity),
  };
  const capacities = {
    send: broker.sendThreadPoolQueueCapacity,
    pull: broker.pullThreadPoolQueueCapacity,
    litePull: broker.litePullThreadPoolQueueCapacity,
    query: broker.queryThreadPoolQueueCapacity,
    ack: broker.ackThreadPoolQueueCapacity,
  };
  for (const [pool, capacity] of Object.entries(capacities)) {
    rows[`${pool}ThreadPoolQueueSize`] = '0';
    rows[`${pool}ThreadPoolQueueCapacity`] = String(capacity);
    rows[`${pool}ThreadPoolQueueHeadWaitTimeMills`] = '0';
  }
  rows['pullHoldSize'] = String(pullHolds.size);
  return rows;
}

/** What upstream says when its timer wheel is off. */
const noTimerRows: Readonly<Record<string, string>> = {
  timerReadBehind: '0',
  timerOffsetBehind: '0',
  timerCongestNum: '0',
  timerEnqueueTps: '0.0',
  timerDequeueTps: '0.0',
};
