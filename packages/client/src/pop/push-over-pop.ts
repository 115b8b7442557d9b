import type { MessageQueue, PopProcessQueueInfo, SubscriptionData } from '@mq/remoting/protocol';
import type { ConsumeDeps } from '../consumer/consume-deps.js';
import type { PushConsumerSettings } from '../consumer/push-consumer-options.js';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { settledWithin } from '../instance/sleeper.js';
import { BrokerAssignment } from './broker-assignment.js';
import { PopApi } from './pop-api.js';
import { DEFAULT_MAX_RECONSUME_TIMES, PopConsumeService } from './pop-consume-service.js';

export interface PushOverPopDeps {
  readonly client: ClientInstance;
  /** With namespace. */
  readonly wireGroup: string;
  readonly settings: PushConsumerSettings;
  readonly consume: ConsumeDeps;
  readonly isSuspended: () => boolean;
  readonly subscriptionOf: (topic: string) => SubscriptionData | undefined;
  /** See BrokerAssignmentDeps. */
  readonly onPulled: (topic: string, isPulled: boolean) => void;
}

/** What a push consumer with `clientRebalance: false` does besides pulling: the part of it that a broker has it pop. */
export class PushOverPop {
  readonly #client: ClientInstance;
  readonly #service: PopConsumeService;
  readonly #assignment: BrokerAssignment;

  constructor({
    client,
    wireGroup,
    settings,
    consume,
    isSuspended,
    subscriptionOf,
    onPulled,
  }: PushOverPopDeps) {
    this.#client = client;
    const popApi = new PopApi(client);
    this.#service = new PopConsumeService({ ...consume, popApi, wireGroup, namespace: client.namespace });
    this.#assignment = new BrokerAssignment({
      strategyName: settings.allocateMessageQueueStrategy.name,
      releaseTimeoutMs: settings.queueReleaseTimeoutMs,
      onPulled,
      popper: {
        client,
        popApi,
        consumeService: this.#service,
        stats: consume.stats,
        consumerGroup: wireGroup,
        popBatchNums: settings.popBatchNums,
        popInvisibleTimeMs: settings.popInvisibleTimeMs,
        popThresholdForQueue: settings.popThresholdForQueue,
        pullInterval: settings.pullInterval,
        restAfterErrorMs: settings.pullTimeDelayMillsWhenException,
        maxReconsumeTimes: settings.maxReconsumeTimes ?? DEFAULT_MAX_RECONSUME_TIMES,
        initMode: settings.consumeFromWhere === 'CONSUME_FROM_FIRST_OFFSET' ? 0 : 1,
        isSuspended,
        subscriptionOf,
      },
    });
  }

  /** The queues popped now. */
  get messageQueues(): MessageQueue[] {
    return this.#assignment.messageQueues;
  }

  infos(): Map<MessageQueue, PopProcessQueueInfo> {
    return this.#assignment.infos();
  }

  /** See BrokerAssignment#assign. */
  assign(topic: string): Promise<MessageQueue[] | undefined> {
    return this.#assignment.assign(topic);
  }

  retain(topics: readonly string[]): Promise<void> {
    return this.#assignment.retain(topics);
  }

  start(): void {
    this.#assignment.start();
  }

  wake(): void {
    this.#assignment.wake();
  }

  stop(): Promise<void> {
    return this.#assignment.stop();
  }

  /**
   * Waits for running handlers, fires their signals when half of the time is over, and for the answers to what they
   * acknowledged. What was not handed out comes again when its invisible time is over.
   */
  async close(timeoutMs: number): Promise<{ unfinishedMessages: number; waitingMessages: number }> {
    this.#service.stop();
    await this.#assignment.drain(timeoutMs / 2);
    if (this.#service.runningMessages > 0) {
      this.#service.abort(new MQClientError('CLOSED', 'the consumer closes'));
      await this.#assignment.drain(timeoutMs / 4);
    }
    await settledWithin(this.#client.clock, this.#service.settled(), timeoutMs / 4);
    return {
      unfinishedMessages: this.#service.runningMessages,
      waitingMessages: this.#assignment.waitingMessages,
    };
  }
}
