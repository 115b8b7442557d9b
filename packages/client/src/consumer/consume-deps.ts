import type { Clock, Logger } from '@mq/remoting';
import type { MessageModel } from '@mq/remoting/protocol';
import type { MessageHooks } from '../hooks/message-hooks.js';
import type { OffsetStore } from '../offset/offset-store.js';
import type { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import type { MessageHandler } from './message-handler.js';
import type { MessageReturner } from './message-returner.js';

/** What both consume services work with. */
export interface ConsumeDeps {
  readonly clock: Clock;
  /** As the application names it. */
  readonly consumerGroup: string;
  /** Absent: nobody watches. */
  readonly hooks?: MessageHooks | undefined;
  readonly logger: Logger;
  readonly messageModel: MessageModel;
  readonly offsets: OffsetStore;
  readonly returner: MessageReturner;
  readonly stats: ConsumeStatsRecorder;
  /** The handler of a topic, as the application names it; undefined when it unsubscribed. */
  readonly handlerOf: (topic: string) => MessageHandler | undefined;
  readonly maxConcurrency: number;
  readonly consumeMessageBatchMaxSize: number;
  readonly consumeTimeoutMs: number;
  readonly suspendCurrentQueueTimeMs: number;
  /** undefined: the group's `retryMaxTimes` counts, which brokers know. Orderly consumers always have one. */
  readonly maxReconsumeTimes: number | undefined;
}
