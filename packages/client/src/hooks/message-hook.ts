// The seam on which trace and OpenTelemetry stand: what a hook is told of sends, deliveries, transactions and recalls.
// Upstream: SendMessageHook, ConsumeMessageHook, EndTransactionHook.
import type { MessageQueue } from '@mq/remoting/protocol';
import type { ReceivedMessage } from '../consumer/received-message.js';
import type { SendResult } from '../producer/send-result.js';

/** Kinds of messages, in the order of upstream's MessageType: the place is the number that trace data holds. */
export const messageTypes = ['NORMAL', 'TRANS_HALF', 'TRANS_COMMIT', 'DELAY', 'ORDER'] as const;
/** One of `messageTypes`; upstream's `MessageType`. */
export type MessageType = (typeof messageTypes)[number];

/** What became of a delivery, in the order of upstream's ConsumeReturnType: the place is the number in trace data. */
export const consumeReturnTypes = ['SUCCESS', 'TIME_OUT', 'EXCEPTION', 'RETURNNULL', 'FAILED'] as const;
/** One of `consumeReturnTypes`; upstream's `ConsumeReturnType`. */
export type ConsumeReturnType = (typeof consumeReturnTypes)[number];

/** One message that is being sent, as a hook sees it. */
export interface HookedMessage {
  /** The id the message carries (UNIQ_KEY). */
  readonly msgId: string;
  /** Bytes, before compression. */
  readonly bodyLength: number;
  /** Everything that will travel; a hook may add properties of its own in `onSend`, not later. */
  readonly properties: Record<string, string>;
}

/** A send, from before the properties are encoded until it has succeeded or failed for good. */
export interface SendObserved {
  /** Topic and group as the application names them. */
  readonly topic: string;
  /** See `topic`. */
  readonly producerGroup: string;
  /** What kind all its messages are. */
  readonly messageType: MessageType;
  /** One, or those of one batch request. */
  readonly messages: readonly HookedMessage[];
  /** Attempts begun so far. */
  readonly attempts: number;
  /** Where the latest attempt goes; undefined before the first. */
  readonly brokerName: string | undefined;
  /** "host:port"; undefined before the first attempt. */
  readonly brokerAddress: string | undefined;
  /** Queue of the topic, from 0; undefined before the first attempt. */
  readonly queueId: number | undefined;
  /** Wall clock, milliseconds, of the latest attempt. */
  readonly attemptStartedAt: number;
}

/** How a send ended. Neither field: a oneway send that was handed to the transport. */
export interface SendOutcome {
  /** What the broker answered; it may say less than SEND_OK. */
  readonly result?: SendResult;
  /** Why it failed for good. */
  readonly error?: unknown;
}

/** A batch of messages that goes to a handler, or that the application takes from a pull consumer. */
export interface ConsumeObserved {
  /** As the application names it. */
  readonly consumerGroup: string;
  /** Where all of them come from. */
  readonly messageQueue: MessageQueue;
  /** In the order of the queue. */
  readonly messages: readonly ReceivedMessage[];
}

/** How a delivery ended. */
export interface ConsumeOutcomeObserved {
  /** Whether the messages count as consumed. */
  readonly success: boolean;
  /** What the handler did. */
  readonly returnType: ConsumeReturnType;
  /** What the handler threw, or the word with which it asked for another delivery. */
  readonly error?: unknown;
}

/** What a hook wants to do with one delivery. */
export interface ConsumeObserver {
  /** Calls the handler, for hooks that must surround it; it must call it exactly once and return what it returns. */
  run?<T>(handler: () => T): T;
  /** The delivery has ended. */
  end?(outcome: ConsumeOutcomeObserved): void;
}

/** The end of a transaction is being told to the broker. */
export interface EndTransactionObserved {
  /** As the application names it. */
  readonly topic: string;
  /** As the application names it. */
  readonly producerGroup: string;
  /** The id the message carries (UNIQ_KEY). */
  readonly msgId: string;
  /** As the broker named it; undefined when it did not. */
  readonly transactionId: string | undefined;
  /** Those of the message. */
  readonly properties: Readonly<Record<string, string>>;
  /** "host:port" of the broker that is told. */
  readonly brokerAddress: string;
  /** What it is told. */
  readonly transactionState: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW';
  /** True: the broker had asked. */
  readonly fromTransactionCheck: boolean;
}

/** A broker took a delayed message back, or refused to. */
export interface RecallObserved {
  /** As the application names it. */
  readonly topic: string;
  /** As the application names it. */
  readonly producerGroup: string;
  /** As the handle names it. */
  readonly msgId: string;
  /** As the broker's answer names it, a refusal too; DefaultRegion where it names none. */
  readonly regionId: string;
  /** False: the broker refused. */
  readonly success: boolean;
}

/**
 * Is told of what producers and consumers do. All members are optional; they run synchronously on the sending and consuming
 * paths, so they must be quick. What a hook throws is logged and changes nothing.
 */
export interface MessageHook {
  /** Once a send (retries included), or once a batch request. Returns what is called when it has ended. */
  onSend?(send: SendObserved): ((outcome: SendOutcome) => void) | void;
  /** Once a delivery. */
  onConsume?(consume: ConsumeObserved): ConsumeObserver | void;
  /** Once for each time a broker is told. */
  onEndTransaction?(end: EndTransactionObserved): void;
  /** Once a recall, when the broker has answered. */
  onRecall?(recall: RecallObserved): void;
  /** Begins what the hook needs; when its producer or consumer starts. */
  start?(): void;
  /** Gives out what the hook still holds, within the time, milliseconds. Never rejects; when its producer or consumer closes. */
  close?(timeoutMs: number): Promise<void>;
}

/** Options of everything that sends or consumes. */
export interface ObservationOptions {
  /** Called around sends and deliveries of this producer or consumer. Order as given. Default none. */
  messageHooks?: readonly MessageHook[];
  /** Send message trace in Apache's format, which `mqadmin queryMsgTraceById` reads. Default false. */
  enableTrace?: boolean;
  /** Where trace goes. Default RMQ_SYS_TRACE_TOPIC. */
  traceTopic?: string;
  /** CLOUD: trace goes to `rmq_sys_TRACE_DATA_<region>`, in the form of Alibaba's cloud. Default 'LOCAL'. */
  accessChannel?: 'LOCAL' | 'CLOUD';
}
