// Which trace records travel in one message: those of one topic, as many as fit. Pure.
import { KEY_SEPARATOR } from '@mq/remoting/message';
import type { Trace } from './trace-context.js';
import { encodeTrace } from './trace-codec.js';

/** Upstream AsyncTraceDispatcher: a trace message is cut when its data has reached so many characters. */
const MAX_DATA_LENGTH = 128_000;
/** All keys together must fit into a record's properties (32767 bytes). Upstream has no such bound and then loses the data. */
const MAX_KEYS_LENGTH = 8_000;

/** One message of trace data. */
export interface TraceMessage {
  readonly data: string;
  /** Message ids and keys by which the trace is found. */
  readonly keys: readonly string[];
}

/** Cuts records into messages, keeping the order within a topic. */
export function batchTraces(traces: readonly Trace[], cloud: boolean): TraceMessage[] {
  const messages: TraceMessage[] = [];
  for (const ofTopic of groupByTopic(traces).values()) {
    let data = '';
    let keys = new Set<string>();
    let keysLength = 0;
    for (const trace of ofTopic) {
      const record = encodeTrace(trace, cloud);
      if (
        data.length > 0 &&
        (data.length + record.length > MAX_DATA_LENGTH || keysLength > MAX_KEYS_LENGTH)
      ) {
        messages.push({ data, keys: [...keys] });
        data = '';
        keys = new Set();
        keysLength = 0;
      }
      data += record;
      for (const key of keysOf(trace)) {
        if (!keys.has(key)) keysLength += key.length + 1;
        keys.add(key);
      }
    }
    messages.push({ data, keys: [...keys] });
  }
  return messages;
}

/** Where a trace goes. */
export function traceTopicOf(trace: Trace, traceTopic: string, cloud: boolean): string {
  return cloud ? `rmq_sys_TRACE_DATA_${trace.regionId}` : traceTopic;
}

function keysOf(trace: Trace): string[] {
  const keys = 'keys' in trace ? trace.keys : undefined;
  return keys === undefined ? [trace.msgId] : [trace.msgId, ...keys.split(KEY_SEPARATOR).filter(Boolean)];
}

function groupByTopic(traces: readonly Trace[]): Map<string, Trace[]> {
  const byTopic = new Map<string, Trace[]>();
  for (const trace of traces) {
    const others = byTopic.get(trace.topic);
    if (others === undefined) byTopic.set(trace.topic, [trace]);
    else others.push(trace);
  }
  return byTopic;
}
