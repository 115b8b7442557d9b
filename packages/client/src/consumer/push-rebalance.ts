import { isRetryTopic, messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import type { Logger } from '@mq/remoting';
import type { ClientInstance } from '../instance/client-instance.js';
import type { PushOverPop } from '../pop/push-over-pop.js';
import { Rebalance } from '../rebalance/rebalance.js';
import { thresholdPerQueue, type PullThresholds } from './flow-control.js';
import type { PushConsumerSettings } from './push-consumer-options.js';
import type { QueueTable } from './queue-table.js';
import type { Subscriptions } from './subscriptions.js';

export interface PushRebalanceDeps {
  readonly client: ClientInstance;
  /** Of the rounds; what they find is said to the client's. */
  readonly logger: Logger;
  /** With namespace. */
  readonly group: string;
  readonly settings: PushConsumerSettings;
  readonly subscriptions: Subscriptions;
  readonly queues: QueueTable;
  /** Present when brokers assign the queues. */
  readonly overPop: PushOverPop | undefined;
  readonly isStarted: () => boolean;
  readonly isSuspended: () => boolean;
}

/** The rounds of a push consumer. */
export class PushRebalance extends Rebalance {
  readonly #deps: PushRebalanceDeps;
  /** Offsets the broker or an operator imposed; the next round carries them out. */
  readonly #resets = new Map<string, { queue: MessageQueue; offset: number }>();
  #thresholds: PullThresholds;

  constructor(deps: PushRebalanceDeps) {
    super(deps);
    this.#deps = deps;
    this.#thresholds = deps.settings.thresholds;
  }

  /** Bounds of one queue: those of a topic are shared by the queues held. */
  get thresholds(): PullThresholds {
    return this.#thresholds;
  }

  /** The next round lets the queue go on at `offset`. */
  resetOffset(queue: MessageQueue, offset: number): void {
    this.#resets.set(messageQueueKey(queue), { queue, offset });
    this.soon();
  }

  /** Carries resets out, gives up and takes over queues, starts pulling. */
  protected async round(): Promise<boolean> {
    const { client, group, isStarted, isSuspended, overPop, queues, subscriptions } = this.#deps;
    if (!isStarted()) return true;
    let balanced = await this.#carryOutResets();
    if (isSuspended()) return balanced;
    const { topics } = subscriptions;
    const changedTopics: string[] = [];
    for (const topic of topics) {
      try {
        const outcome = await this.#balanceTopic(topic);
        if (outcome.changed) changedTopics.push(topic);
        if (!outcome.balanced) balanced = false;
      } catch (error) {
        if (!isRetryTopic(topic)) balanced = false;
        client.logger.warn('rebalance of a topic failed', { group, topic, error });
      }
    }
    const unwanted = queues.messageQueues.filter((queue) => !topics.includes(queue.topic));
    if ((await this.#releaseAll(unwanted)) < unwanted.length) balanced = false;
    await overPop?.retain(topics);
    if (changedTopics.length > 0) await this.#queuesChanged(changedTopics);
    if (!isStarted()) return true;
    queues.startPulling();
    overPop?.start();
    return balanced;
  }

  async #balanceTopic(topic: string): Promise<{ changed: boolean; balanced: boolean }> {
    const { client, group, overPop, queues, settings } = this.#deps;
    const mine = await (overPop === undefined ? this.allocate(topic) : overPop.assign(topic));
    if (mine === undefined) return { changed: false, balanced: isRetryTopic(topic) };
    const mineKeys = new Set(mine.map(messageQueueKey));
    const ofTopic = queues.messageQueues.filter((queue) => queue.topic === topic);
    const lost = ofTopic.filter((q) => !mineKeys.has(messageQueueKey(q)) || queues.isLeaving(q));
    const released = await this.#releaseAll(lost);
    if (!this.#deps.isStarted()) return { changed: false, balanced: true };
    const won = mine.filter((queue) => !queues.has(queue));
    const taken = await this.#takeOver(won);
    if (released + taken > 0) {
      const facts = { group, topic, strategy: settings.allocateMessageQueueStrategy.name };
      client.logger.info('queues changed', {
        ...facts,
        held: mine.length - won.length + taken,
        lost: released,
      });
    }
    return {
      changed: released + taken > 0,
      balanced: released === lost.length && taken === won.length,
    };
  }

  /** Returns how many are ours now. */
  async #takeOver(won: readonly MessageQueue[]): Promise<number> {
    const { client, group, queues } = this.#deps;
    const acquired = await Promise.allSettled(won.map((queue) => queues.acquire(queue)));
    acquired.forEach((result, at) => {
      if (result.status === 'fulfilled') return;
      client.logger.warn('a queue could not be taken over', { group, ...won[at], error: result.reason });
    });
    return acquired.filter((result) => result.status === 'fulfilled' && result.value).length;
  }

  /** Tells the brokers before the first pull, which they would otherwise compare with an older subscription. */
  async #queuesChanged(topics: readonly string[]): Promise<void> {
    const { client, queues, settings, subscriptions } = this.#deps;
    for (const topic of topics) subscriptions.touch(topic);
    const { pullThresholdForTopic, pullThresholdSizeForTopic, thresholds } = settings;
    const { pullThresholdForQueue, pullThresholdSizeForQueue } = thresholds;
    const count = queues.size;
    this.#thresholds = {
      ...thresholds,
      pullThresholdForQueue: thresholdPerQueue(pullThresholdForTopic, pullThresholdForQueue, count),
      pullThresholdSizeForQueue: thresholdPerQueue(
        pullThresholdSizeForTopic,
        pullThresholdSizeForQueue,
        count,
      ),
    };
    await client.heartbeat();
  }

  /** False when a queue is not free for its new offset yet. */
  async #carryOutResets(): Promise<boolean> {
    const resets = [...this.#resets.values()];
    this.#resets.clear();
    const { queues } = this.#deps;
    const released = await Promise.all(resets.map(({ queue, offset }) => queues.release(queue, offset)));
    return !released.includes(false);
  }

  /** Returns how many are free now. */
  async #releaseAll(lost: readonly MessageQueue[]): Promise<number> {
    const released = await Promise.all(lost.map((queue) => this.#deps.queues.release(queue)));
    return released.filter(Boolean).length;
  }
}
