import { decodeTraces, type PubTrace, type SubAfterTrace } from '@mq/client';
import type { MessageExt } from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import { defineCommand } from '../../command.js';
import { integer, required, text } from '../../option.js';
import type { Output } from '../../output.js';
import { toSeconds } from '../../timestamps.js';
import type { MqadminHost } from '../../mqadmin-host.js';

const ROW = '%-10s %-20s %-20s %-20s %-10s %-10s';

interface TraceRow {
  readonly type: 'Pub' | 'Sub';
  readonly group: string;
  readonly clientHost: string;
  readonly timestamp: number;
  readonly costTime: number;
  readonly status: 'success' | 'failed';
}

export const queryMsgTraceById = defineCommand({
  name: 'queryMsgTraceById',
  summary: 'Query a message trace.',
  options: {
    msgId: required(text('i', 'msgId', 'Message Id')),
    traceTopic: text('t', 'traceTopic', 'The name value of message trace topic'),
    beginMs: integer('b', 'beginTimestamp', 'Begin timestamp(ms). default:0, eg:1676730526212'),
    endMs: integer('e', 'endTimestamp', 'End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212'),
    maxNum: integer('c', 'maxNum', 'The maximum number of messages returned by the query, default:64'),
  },
  async run({ msgId, traceTopic, ...query }, { admin }) {
    const messages = await admin.messages.byKey(traceTopic ?? SystemTopic.TRACE, msgId, query);
    return messages.flatMap((message) => rowsOf(message, msgId));
  },
  print(rows, { out, host }) {
    for (const row of rows) {
      if (row.type === 'Sub') continue;
      out.line(ROW, '#Type', '#ProducerGroup', '#ClientHost', '#SendTime', '#CostTimes', '#Status');
      printRow(row, out, host);
      out.line('');
    }
    for (const group of new Set(rows.flatMap((row) => (row.type === 'Sub' ? [row.group] : [])))) {
      out.line(ROW, '#Type', '#ConsumerGroup', '#ClientHost', '#ConsumerTime', '#CostTimes', '#Status');
      for (const row of rows) if (row.type === 'Sub' && row.group === group) printRow(row, out, host);
      out.line('');
    }
  },
});

/** The sends and the ended deliveries of one message. Upstream: TraceView.decodeFromTraceTransData. */
function rowsOf({ body, bornHost }: MessageExt, msgId: string): TraceRow[] {
  return decodeTraces(body.toString('utf8'))
    .filter((trace): trace is PubTrace | SubAfterTrace => trace.type === 'Pub' || trace.type === 'SubAfter')
    .filter(
      (trace) => trace.msgId === msgId || (trace.type === 'Pub' && trace.msgId.split(',').includes(msgId)),
    )
    .map(({ type, group, timestamp, costTime, success }) => ({
      type: type === 'Pub' ? 'Pub' : 'Sub',
      group,
      clientHost: bornHost.slice(0, bornHost.lastIndexOf(':')),
      timestamp,
      costTime,
      status: success ? 'success' : 'failed',
    }));
}

function printRow(row: TraceRow, out: Output, host: MqadminHost): void {
  const time = toSeconds(row.timestamp, host);
  out.line(ROW, row.type, row.group, row.clientHost, time, `${row.costTime}ms`, row.status);
}
