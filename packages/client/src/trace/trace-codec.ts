// Trace data as Apache's clients write it (TraceDataEncoder of 4.9.7 and 5.3.3): text, fields separated by U+0001, each record
// ended by U+0002. What is not known reads "null".
//
//   Pub             timestamp regionId group topic msgId tags keys storeHost bodyLength costTime messageType offsetMsgId success
//                   (older: without offsetMsgId; others add clientHost)
//   SubBefore       timestamp regionId group requestId msgId retryTimes keys
//   SubAfter        requestId msgId costTime success keys contextCode [timestamp group]       (not CLOUD; older: no contextCode)
//   EndTransaction  timestamp regionId group topic msgId tags keys storeHost messageType transactionId state fromCheck
//   Recall          timestamp regionId group topic msgId success
import {
  consumeReturnTypes,
  messageTypes,
  type ConsumeReturnType,
  type MessageType,
} from '../hooks/message-hook.js';
import type { EndTransactionTrace, Trace } from './trace-context.js';

const FIELD_END = '\u0001';
const RECORD_END = '\u0002';

/** One record, its end included. `cloud` leaves timestamp and group out of SubAfter. */
export function encodeTrace(trace: Trace, cloud = false): string {
  return [trace.type, ...fieldsOf(trace, cloud)].map(String).join(FIELD_END) + RECORD_END;
}

type Field = string | number | boolean;

function fieldsOf(trace: Trace, cloud: boolean): Field[] {
  const { timestamp, regionId, group, msgId } = trace;
  const begin = [timestamp, regionId, group];
  switch (trace.type) {
    case 'Pub':
      return [
        ...begin,
        ...[trace.topic, msgId, text(trace.tags), text(trace.keys), trace.storeHost, trace.bodyLength],
        ...[trace.costTime, messageTypes.indexOf(trace.messageType), text(trace.offsetMsgId), trace.success],
      ];
    case 'SubBefore':
      return [...begin, trace.requestId, msgId, trace.retryTimes, text(trace.keys)];
    case 'SubAfter':
      return [
        ...[trace.requestId, msgId, trace.costTime, trace.success, text(trace.keys)],
        consumeReturnTypes.indexOf(trace.returnType),
        // The cloud's form ends with an empty field: upstream writes the separator all the same.
        ...(cloud ? [''] : [timestamp, group]),
      ];
    case 'EndTransaction':
      return [
        ...begin,
        ...[trace.topic, msgId, text(trace.tags), text(trace.keys), trace.storeHost],
        ...[messageTypes.indexOf(trace.messageType), text(trace.transactionId)],
        ...[trace.transactionState, trace.fromTransactionCheck],
      ];
    case 'Recall':
      return [...begin, trace.topic, msgId, trace.success];
  }
}

/** Every record of trace data that can be read, also of older and newer clients; others are left out. */
export function decodeTraces(data: string): Trace[] {
  const traces: Trace[] = [];
  for (const record of data.split(RECORD_END)) {
    const [type, ...fields] = record.split(FIELD_END);
    const trace = type === undefined ? undefined : decodeTrace(type, fields);
    if (trace !== undefined) traces.push(trace);
  }
  return traces;
}

function decodeTrace(type: string, f: readonly string[]): Trace | undefined {
  const at = (index: number): string => f[index] ?? '';
  const begin = { timestamp: Number(at(0)), regionId: at(1), group: at(2) };
  switch (type) {
    case 'Pub': {
      if (f.length < 12) return undefined;
      // A Pub record of twelve fields has no offsetMsgId.
      const hasOffsetMsgId = f.length > 12;
      return {
        ...begin,
        type,
        ...{ topic: at(3), msgId: at(4), tags: optional(f[5]), keys: optional(f[6]), storeHost: at(7) },
        ...{ bodyLength: Number(at(8)), costTime: Number(at(9)), messageType: messageTypeAt(at(10)) },
        offsetMsgId: hasOffsetMsgId ? optional(f[11]) : undefined,
        success: at(hasOffsetMsgId ? 12 : 11) === 'true',
      };
    }
    case 'SubBefore':
      if (f.length < 7) return undefined;
      return {
        ...begin,
        type,
        ...{ topic: '', requestId: at(3), msgId: at(4), retryTimes: Number(at(5)), keys: optional(f[6]) },
      };
    case 'SubAfter':
      if (f.length < 5) return undefined;
      return {
        ...{ type, topic: '', regionId: '', timestamp: Number(f[6] || 0), group: f[7] ?? '' },
        ...{ requestId: at(0), msgId: at(1), costTime: Number(at(2)), success: at(3) === 'true' },
        ...{ keys: optional(f[4]), returnType: returnTypeAt(f[5] ?? '0') },
      };
    case 'EndTransaction':
      if (f.length < 12) return undefined;
      return {
        ...begin,
        type,
        ...{ topic: at(3), msgId: at(4), tags: optional(f[5]), keys: optional(f[6]), storeHost: at(7) },
        ...{ messageType: messageTypeAt(at(8)), transactionId: optional(f[9]) },
        transactionState: at(10) as EndTransactionTrace['transactionState'],
        fromTransactionCheck: at(11) === 'true',
      };
    case 'Recall':
      if (f.length < 6) return undefined;
      return { ...begin, type, topic: at(3), msgId: at(4), success: at(5) === 'true' };
    default:
      return undefined;
  }
}

function text(value: string | undefined): string {
  return value ?? 'null';
}

function optional(value: string | undefined): string | undefined {
  return value === undefined || value === 'null' ? undefined : value;
}

function messageTypeAt(index: string): MessageType {
  return messageTypes[Number(index)] ?? 'NORMAL';
}

function returnTypeAt(index: string): ConsumeReturnType {
  return consumeReturnTypes[Number(index)] ?? 'SUCCESS';
}
