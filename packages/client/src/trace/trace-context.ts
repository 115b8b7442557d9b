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
  /** Name of the record. */
  readonly type: 'Pub';
  /** As the application names it. */
  readonly topic: string;
  /** The id the message carries (UNIQ_KEY). */
  readonly msgId: string;
  /** Undefined when it has none. */
  readonly tags: string | undefined;
  /** Separated by spaces. */
  readonly keys: string | undefined;
  /** "host:port" of the broker. */
  readonly storeHost: string;
  /** Bytes. */
  readonly bodyLength: number;
  /** Milliseconds. */
  readonly costTime: number;
  /** Kind of the message. */
  readonly messageType: MessageType;
  /** The id made of the broker's address and the position in its log. */
  readonly offsetMsgId: string | undefined;
  /** Whether it was SEND_OK. */
  readonly success: boolean;
}

/** A message goes to a handler. */
export interface SubBeforeTrace extends TraceBase {
  /** Name of the record. */
  readonly type: 'SubBefore';
  /** The topic it was sent to; not in the data, but it decides what travels together. */
  readonly topic: string;
  /** The same before and after: what belongs together. */
  readonly requestId: string;
  /** The id the message carries (UNIQ_KEY). */
  readonly msgId: string;
  /** Deliveries that failed before this one. */
  readonly retryTimes: number;
  /** Separated by spaces. */
  readonly keys: string | undefined;
}

/** A handler has ended. */
export interface SubAfterTrace extends TraceBase {
  /** Name of the record. */
  readonly type: 'SubAfter';
  /** As in `SubBeforeTrace`. */
  readonly topic: string;
  /** As in `SubBeforeTrace`. */
  readonly requestId: string;
  /** As in `SubBeforeTrace`. */
  readonly msgId: string;
  /** Milliseconds of the handler, divided by the messages of the call. */
  readonly costTime: number;
  /** Whether the message counts as consumed. */
  readonly success: boolean;
  /** Separated by spaces. */
  readonly keys: string | undefined;
  /** What the handler did. */
  readonly returnType: ConsumeReturnType;
}

/** A transaction was committed or rolled back. */
export interface EndTransactionTrace extends TraceBase {
  /** Name of the record. */
  readonly type: 'EndTransaction';
  /** As the application names it. */
  readonly topic: string;
  /** The id the message carries (UNIQ_KEY). */
  readonly msgId: string;
  /** Undefined when it has none. */
  readonly tags: string | undefined;
  /** Separated by spaces. */
  readonly keys: string | undefined;
  /** "host:port" of the broker. */
  readonly storeHost: string;
  /** Always TRANS_COMMIT. */
  readonly messageType: MessageType;
  /** As the broker named it; undefined when it did not. */
  readonly transactionId: string | undefined;
  /** What the broker was told. */
  readonly transactionState: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW';
  /** True: the broker had asked. */
  readonly fromTransactionCheck: boolean;
}

/** A delayed message was taken back (5.3.2). */
export interface RecallTrace extends TraceBase {
  /** Name of the record. */
  readonly type: 'Recall';
  /** As the application names it. */
  readonly topic: string;
  /** As the handle names it. */
  readonly msgId: string;
  /** False: the broker refused. */
  readonly success: boolean;
}

/** One record of trace data. Upstream: TraceContext with its TraceBean. */
export type Trace = PubTrace | SubBeforeTrace | SubAfterTrace | EndTransactionTrace | RecallTrace;
