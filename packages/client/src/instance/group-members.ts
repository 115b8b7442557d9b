import type { MessageExt } from '@mq/remoting/message';
import type {
  CheckTransactionStateRequestHeader,
  ConsumeMessageDirectlyResult,
  ConsumerData,
  ConsumerRunningInfo,
  MessageQueue,
} from '@mq/remoting/protocol';

/** What a client instance needs of a producer that registered with it. */
export interface ProducerMember {
  readonly producerGroup: string;
  /** Topics whose routes must stay fresh. */
  publishTopics(): Iterable<string>;
  /** A broker asks what became of a transaction (39). Absent: this producer has none. */
  checkTransaction?(check: TransactionCheck): void;
}

/** A broker's question about a transaction. */
export interface TransactionCheck {
  /** Of the broker that asks, and gets the answer. */
  readonly brokerAddress: string;
  readonly header: CheckTransactionStateRequestHeader;
  /** As consumers would get it. */
  readonly message: MessageExt;
}

/** What a client instance needs of a consumer that registered with it. */
export interface ConsumerMember {
  readonly consumerGroup: string;
  /** Its part of the heartbeat. */
  consumerData(): ConsumerData;
  /** Topics whose routes must stay fresh. */
  subscribedTopics(): Iterable<string>;
  /** The members of the group, or a route, have changed (40). */
  rebalanceSoon(): void;
  /** Moves the group to these offsets: an operator said so (220). */
  resetOffsets(topic: string, offsets: readonly { queue: MessageQueue; offset: number }[]): Promise<void>;
  /** Offsets of the topic's queues as this consumer knows them (221). */
  consumerStatus(topic: string): readonly { queue: MessageQueue; offset: number }[];
  /** What an operator sees of this consumer (307). */
  runningInfo(): ConsumerRunningInfo;
  /** Hands one message to the handler because an operator wants it (309). */
  consumeMessageDirectly(message: MessageExt, brokerName: string): Promise<ConsumeMessageDirectlyResult>;
}
