import type { ConsumeReturnType, MessageType } from '../hooks/message-hook.js';

interface TraceBase {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly regionId: string;
  /** Producer or consumer group, without namespace. */
  readonly group: string;
}

/** A message was sent. */
export interface PubTrace extends TraceBase {
  readonly type: 'Pub';
  readonly topic: string;
  readonly msgId: string;
  readonly tags: string | undefined;
  /** Separated by spaces. */
  readonly keys: string | undefined;
  /** "host:port" of the broker. */
  readonly storeHost: string;
  /** Bytes. */
  readonly bodyLength: number;
  /** Milliseconds. */
  readonly costTime: number;
  readonly messageType: MessageType;
  readonly offsetMsgId: string | undefined;
  readonly success: boolean;
}

/** A message goes to a handler. */
export interface SubBeforeTrace extends TraceBase {
  readonly type: 'SubBefore';
  /** The topic it was sent to; not in the data, but it decides what travels together. */
  readonly topic: string;
  /** The same before and after: what belongs together. */
  readonly requestId: string;
  readonly msgId: string;
  readonly retryTimes: number;
  readonly keys: string | undefined;
}

/** A handler has ended. */
export interface SubAfterTrace extends TraceBase {
  readonly type: 'SubAfter';
  readonly topic: string;
  readonly requestId: string;
  readonly msgId: string;
  readonly costTime: number;
  readonly success: boolean;
  readonly keys: string | undefined;
  readonly returnType: ConsumeReturnType;
}

/** A transaction was committed or rolled back. */
export interface EndTransactionTrace extends TraceBase {
  readonly type: 'EndTransaction';
  readonly topic: string;
  readonly msgId: string;
  readonly tags: string | undefined;
  readonly keys: string | undefined;
  readonly storeHost: string;
  readonly messageType: MessageType;
  readonly transactionId: string | undefined;
  readonly transactionState: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW';
  readonly fromTransactionCheck: boolean;
}

/** A delayed message was taken back (5.3.2). */
export interface RecallTrace extends TraceBase {
  readonly type: 'Recall';
  readonly topic: string;
  readonly msgId: string;
  readonly success: boolean;
}

/** One record of trace data. Upstream: TraceContext with its TraceBean. */
export type Trace = PubTrace | SubBeforeTrace | SubAfterTrace | EndTransactionTrace | RecallTrace;
