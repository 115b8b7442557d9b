import type { ConsumeFromWhere, MessageModel } from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';
import { assertGroup } from '../names.js';
import { oneOf } from '../options.js';
import { allocateAveragely } from '../rebalance/allocate-averagely.js';
import type { AllocateMessageQueueStrategy } from '../rebalance/allocate-strategy.js';

const MESSAGE_MODELS: readonly MessageModel[] = ['CLUSTERING', 'BROADCASTING'];
const CONSUME_FROM_WHERE: readonly ConsumeFromWhere[] = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
  // Deprecated upstream, and the same as the first.
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
];

interface GroupOptions {
  readonly consumerGroup: string;
  readonly messageModel?: MessageModel;
  readonly consumeFromWhere?: ConsumeFromWhere;
  readonly consumeTimestamp?: Date | number;
  readonly allocateMessageQueueStrategy?: AllocateMessageQueueStrategy;
}

/** What the options of every member of a group say of it, checked and complete. */
export interface GroupSettings {
  readonly consumerGroup: string;
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
  readonly consumeTimestampMs: number | undefined;
  readonly allocateMessageQueueStrategy: AllocateMessageQueueStrategy;
}

/** Checks them and fills in the defaults. @throws MQClientError INVALID_ARGUMENT */
export function resolveGroupOptions(options: GroupOptions): GroupSettings {
  const { allocateMessageQueueStrategy = allocateAveragely } = options;
  assertGroup('consumerGroup', options.consumerGroup);
  assertArgument(
    typeof allocateMessageQueueStrategy.allocate === 'function',
    'allocateMessageQueueStrategy must be a strategy, such as allocateAveragely',
  );
  return {
    consumerGroup: options.consumerGroup,
    messageModel: oneOf('messageModel', options.messageModel, 'CLUSTERING', MESSAGE_MODELS),
    consumeFromWhere: oneOf(
      'consumeFromWhere',
      options.consumeFromWhere,
      'CONSUME_FROM_LAST_OFFSET',
      CONSUME_FROM_WHERE,
    ),
    consumeTimestampMs: timestampMs(options.consumeTimestamp),
    allocateMessageQueueStrategy,
  };
}

function timestampMs(value: Date | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = value instanceof Date ? value.getTime() : value;
  assertArgument(
    Number.isFinite(ms) && ms >= 0,
    `consumeTimestamp must be a Date or milliseconds since 1970, not ${String(value)}`,
  );
  return Math.floor(ms);
}
