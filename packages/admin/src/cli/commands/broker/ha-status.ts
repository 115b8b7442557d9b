import type { HARuntimeInfo } from '@mq/remoting/protocol';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { integer, text } from '../../option.js';
import { toMillis } from '../../timestamps.js';

export const haStatus = defineCommand({
  name: 'haStatus',
  summary: 'Fetch ha runtime status data.',
  options: {
    clusterName: text('c', 'clusterName', 'which cluster'),
    brokerAddr: text('b', 'brokerAddr', 'which broker to fetch'),
    interval: integer('i', 'interval', 'the interval(second) of get info'),
  },
  intervalSeconds: ({ interval }) => interval,
  async run({ clusterName, brokerAddr }, context) {
    const states = new Map<string, HARuntimeInfo>();
    for (const address of await brokerTargets({ brokerAddr, clusterName }, context)) {
      states.set(address, await context.admin.brokers.haStatus(address));
    }
    return states;
  },
  print(states, context) {
    for (const [address, state] of states) {
      if (state.master) printMaster(address, state, context);
      else printSlave(state, context);
    }
  },
});

function printMaster(address: string, state: HARuntimeInfo, { out }: CommandContext): void {
  const { masterCommitLogMaxOffset, haConnectionInfo, inSyncSlaveNums } = state;
  out.line();
  out.line('#MasterAddr\t%s', address);
  out.line('#MasterCommitLogMaxOffset\t%d', masterCommitLogMaxOffset);
  out.line('#SlaveNum\t%d', haConnectionInfo.length);
  out.line('#InSyncSlaveNum\t%d', inSyncSlaveNums);
  const titles = [
    '#SlaveAddr',
    '#SlaveAckOffset',
    '#Diff',
    '#TransferSpeed(KB/s)',
    '#Status',
    '#TransferFromWhere',
  ];
  out.line('%-32s  %-16s %16s %16s %16s %16s', ...titles);
  for (const {
    addr,
    slaveAckOffset,
    diff,
    transferredByteInSecond,
    inSync,
    transferFromWhere,
  } of haConnectionInfo) {
    const speed = transferredByteInSecond / 1024;
    const status = inSync ? 'OK' : 'Fall Behind';
    out.line(
      '%-32s  %-16d %16d %16.2f %16s %16d',
      addr,
      slaveAckOffset,
      diff,
      speed,
      status,
      transferFromWhere,
    );
  }
}

function printSlave({ haClientRuntimeInfo: slave }: HARuntimeInfo, { out, host }: CommandContext): void {
  if (slave === undefined) return;
  out.line();
  out.line('#MasterAddr\t%s', slave.masterAddr ?? 'null');
  out.line('#CommitLogMaxOffset\t%d', slave.maxOffset);
  out.line('#TransferSpeed(KB/s)\t%.2f', slave.transferredByteInSecond / 1024);
  out.line('#LastReadTime\t%s', toMillis(slave.lastReadTimestamp, host));
  out.line('#LastWriteTime\t%s', toMillis(slave.lastWriteTimestamp, host));
  out.line('#MasterFlushOffset\t%s', slave.masterFlushOffset);
}
