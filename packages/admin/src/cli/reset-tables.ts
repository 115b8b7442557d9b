// What resetting offsets did, as upstream's tables show it.
import type { MessageQueue } from '@mq/remoting/protocol';
import type { RollbackStats } from '../operations/offsets.js';
import type { Output } from './output.js';
import { cut } from './printf.js';

/** New offsets of a group whose members are connected. */
export function printOffsets(offsets: ReadonlyMap<MessageQueue, number>, out: Output): void {
  const columns = '%-40s  %-40s  %-40s';
  out.line(columns, '#brokerName', '#queueId', '#offset');
  for (const [{ brokerName, queueId }, offset] of offsets)
    out.line(columns, cut(brokerName, 32), queueId, offset);
}

/** Offsets of an offline group before and after; upstream's commands title the last column differently. */
export function printRollback(stats: readonly RollbackStats[], lastTitle: string, out: Output): void {
  const columns = '%-20s  %-20s  %-20s  %-20s  %-20s  %-20s';
  out.line(
    columns,
    '#brokerName',
    '#queueId',
    '#brokerOffset',
    '#consumerOffset',
    '#timestampOffset',
    lastTitle,
  );
  for (const {
    brokerName,
    queueId,
    brokerOffset,
    consumerOffset,
    timestampOffset,
    rollbackOffset,
  } of stats) {
    out.line(
      columns,
      cut(brokerName, 32),
      queueId,
      brokerOffset,
      consumerOffset,
      timestampOffset,
      rollbackOffset,
    );
  }
}
