import { type Logger, RepeatingTask } from '@mq/remoting';
import type { MessageModel, MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';
import { QueueAllocator } from './queue-allocator.js';

const AGAIN_AFTER_UNBALANCED_MS = 1_000;

export interface RebalanceOptions {
  readonly client: ClientInstance;
  /** Of the rounds. */
  readonly logger: Logger;
  /** With namespace. */
  readonly group: string;
  readonly settings: {
    readonly messageModel: MessageModel;
    readonly allocateMessageQueueStrategy: AllocateMessageQueueStrategy;
    readonly rebalanceIntervalMs: number;
  };
}

/** Round by round, a consumer takes over the queues that are its own and gives the others up. Nobody else changes what it holds. */
export abstract class Rebalance {
  readonly #allocator: QueueAllocator;
  readonly #task: RepeatingTask;

  constructor({ client, logger, group, settings }: RebalanceOptions) {
    const { messageModel, allocateMessageQueueStrategy, rebalanceIntervalMs } = settings;
    const { clock } = client;
    this.#allocator = new QueueAllocator(client, group, messageModel, allocateMessageQueueStrategy);
    const work = async (): Promise<void> => {
      if (!(await this.round())) this.#task.runSoon(AGAIN_AFTER_UNBALANCED_MS);
    };
    this.#task = new RepeatingTask('rebalance', work, rebalanceIntervalMs, { clock, logger });
  }

  /** The first round is at once. */
  start(): void {
    this.#task.start(0);
  }

  soon(): void {
    this.#task.runSoon();
  }

  /** No further round; resolves when the current one has ended. */
  close(): Promise<void> {
    return this.#task.close();
  }

  /** @returns false when something is left to be done, and the next round shall be soon */
  protected abstract round(): Promise<boolean>;

  /** As QueueAllocator says. @throws MQClientError */
  protected allocate(topic: string): Promise<MessageQueue[] | undefined> {
    return this.#allocator.allocate(topic);
  }
}
