// The one door of @mq/client: producers, consumers, and what they share.
export { Producer, BatchSendError, type ProducerCloseResult } from './producer/producer.js';
export type { ProducerOptions } from './producer/producer-options.js';
export {
  TransactionProducer,
  type TransactionProducerCloseResult,
  type TransactionProducerOptions,
  type TransactionSendResult,
} from './producer/transaction-producer.js';
export type {
  CheckTransaction,
  HalfSent,
  LocalTransaction,
  LocalTransactionState,
} from './producer/local-transaction.js';
export { createReply } from './producer/create-reply.js';
export { resendable } from './producer/resend.js';
export type { OutgoingMessage, ReplyAddress } from './producer/outgoing-message.js';
export type { SendOptions } from './producer/send-options.js';
export type { SendResult, SendStatus } from './producer/send-result.js';
export { selectByHash, type MessageQueueSelector } from './producer/queue-selector.js';
export { PushConsumer, type ConsumerCloseResult } from './consumer/push-consumer.js';
export type { ConsumeMode, PushConsumerOptions } from './consumer/push-consumer-options.js';
export type { ConsumeContext, ConsumeStatus, MessageHandler } from './consumer/message-handler.js';
export type { FilterClass } from './consumer/filter-classes.js';
export type { SubscriptionExpression } from './consumer/subscriptions.js';
export { messageKeys, type ReceivedMessage } from './consumer/received-message.js';
export { PullConsumer, type MessagesOptions, type PullOptions } from './consumer/pull-consumer.js';
export type { PullConsumerOptions } from './consumer/pull-consumer-options.js';
export type { PullResult, PullStatus } from './consumer/pull-api.js';
export {
  defineTopic,
  type MessageFields,
  type MessageSink,
  type MessageSource,
  type TopicDefinition,
  type TypedMessage,
  type TypedMessageHandler,
  type TypedTopic,
} from './typed/define-topic.js';
export { jsonCodec, type MessageCodec } from './typed/message-codec.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './typed/standard-schema.js';
export { dedupe, type DedupeOptions } from './dedupe/dedupe.js';
export type { DedupeClaim, DedupeStore } from './dedupe/dedupe-store.js';
export { MemoryDedupeStore } from './dedupe/memory-dedupe-store.js';
export { RedisDedupeStore, type RedisCommand } from './dedupe/redis-dedupe-store.js';
export { SqlDedupeStore, type SqlDedupeStoreOptions } from './dedupe/sql-dedupe-store.js';
export {
  SqlOutbox,
  type OutboxResult,
  type SqlOutboxOptions,
  type TransactionSink,
} from './outbox/sql-outbox.js';
export type { SqlDatabase, SqlQuery, SqlResult, SqlTransactionalDatabase } from './sql/sql-database.js';
export { PopConsumer, type PopConsumerOptions, type ReceiveOptions } from './pop/pop-consumer.js';
export { ClientInstance } from './instance/client-instance.js';
export type { ClientOptions } from './options.js';
export type { OffsetStore } from './offset/offset-store.js';
export type { AllocateMessageQueueStrategy } from './rebalance/allocate-strategy.js';
export { allocateAveragely } from './rebalance/allocate-averagely.js';
export { allocateAveragelyByCircle } from './rebalance/allocate-averagely-by-circle.js';
export { allocateConsistentHash } from './rebalance/allocate-consistent-hash.js';
export { allocateByMachineRoom } from './rebalance/allocate-by-machine-room.js';
export {
  allocateMachineRoomNearby,
  type MachineRoomResolver,
} from './rebalance/allocate-machine-room-nearby.js';
export { allocateByConfig } from './rebalance/allocate-by-config.js';
export {
  MQClientError,
  isMQClientError,
  type MQClientErrorCode,
  type MQClientErrorDetail,
} from './errors.js';
// Seams and values a caller of this package meets.
export {
  consoleLogger,
  silentLogger,
  systemClock,
  type ClientHook,
  type ClientTlsOptions,
  type Clock,
  type LogFacts,
  type Logger,
} from '@mq/remoting';
export type { ConsumeFromWhere, MessageModel, MessageQueue } from '@mq/remoting/protocol';
export type { CompressionType, MessageExt } from '@mq/remoting/message';
export type {
  ConsumeObserved,
  ConsumeObserver,
  ConsumeOutcomeObserved,
  ConsumeReturnType,
  EndTransactionObserved,
  HookedMessage,
  MessageHook,
  MessageType,
  ObservationOptions,
  RecallObserved,
  SendObserved,
  SendOutcome,
} from './hooks/message-hook.js';
export { decodeTraces, encodeTrace } from './trace/trace-codec.js';
export type {
  EndTransactionTrace,
  PubTrace,
  RecallTrace,
  SubAfterTrace,
  SubBeforeTrace,
  Trace,
} from './trace/trace-context.js';
export { LitePullConsumer } from './consumer/lite-pull/lite-pull-consumer.js';
export type { LitePullConsumerOptions } from './consumer/lite-pull/lite-pull-options.js';
export type { AssignmentListener } from './consumer/lite-pull/lite-subscriptions.js';
export { openTelemetryHook } from './otel/open-telemetry-hook.js';
export type { AttributeValue, OpenTelemetryApi, OtelSpan, OtelTracer } from './otel/open-telemetry-api.js';
