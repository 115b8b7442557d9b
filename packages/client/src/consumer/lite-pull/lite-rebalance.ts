import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../../instance/client-instance.js';
import { Rebalance } from '../../rebalance/rebalance.js';
import type { ConsumerParts } from '../consumer-parts.js';
import type { PullApi } from '../pull-api.js';
import { visibleQueue, visibleTopic } from '../queue-names.js';
import { startOffset } from '../start-offset.js';
import type { LiteCommits } from './lite-commits.js';
import type { LitePullConsumerSettings } from './lite-pull-options.js';
import type { LiteQueues } from './lite-queues.js';
import type { LiteSubscriptions } from './lite-subscriptions.js';

export interface LiteRebalanceDeps {
  readonly parts: ConsumerParts;
  readonly settings: LitePullConsumerSettings;
  readonly subscriptions: LiteSubscriptions;
  readonly queues: LiteQueues;
  readonly commits: LiteCommits;
  readonly pullApi: PullApi;
  readonly isStarted: () => boolean;
}

/** The rounds of a lite pull consumer. */
export class LiteRebalance extends Rebalance {
  readonly #deps: LiteRebalanceDeps;
  readonly #client: ClientInstance;

  constructor(deps: LiteRebalanceDeps) {
    const { client, group } = deps.parts;
    super({ client, logger: client.logger, group, settings: deps.settings });
    this.#deps = deps;
    this.#client = client;
  }

  protected async round(): Promise<boolean> {
    const { commits, isStarted, queues, subscriptions } = this.#deps;
    if (!isStarted()) return true;
    const wanted = await this.#wantedQueues();
    for (const { queue } of queues.all) {
      const topicIsKnown = wanted.has(queue.topic) || !subscriptions.byTopic.has(queue.topic);
      const isWanted = wanted.get(queue.topic)?.some((q) => messageQueueKey(q) === messageQueueKey(queue));
      if (topicIsKnown && isWanted !== true) await this.#release(queue);
    }
    const acquired = [...wanted.values()].flat().filter((queue) => queues.get(queue) === undefined);
    let isComplete = wanted.size === subscriptions.byTopic.size;
    for (const queue of acquired) {
      try {
        const { client, offsets } = this.#deps.parts;
        const offset = await startOffset(client, offsets, queue, this.#deps.settings);
        if (!isStarted()) return true;
        // A new group's place is kept from its beginning on, as push consumers do.
        if (commits.isAutomatic && offsets.read(queue) < 0) offsets.update(queue, offset, true);
        queues.add(queue, offset);
      } catch (error) {
        isComplete = false;
        this.#client.logger.warn('a queue could not be taken over', { ...queue, error });
      }
    }
    return isComplete;
  }

  /** Wire topic → our queues of it; topics that cannot be shared out now are absent and keep what they have. */
  async #wantedQueues(): Promise<Map<string, readonly MessageQueue[]>> {
    const { parts, subscriptions } = this.#deps;
    const wanted = new Map<string, readonly MessageQueue[]>();
    for (const topic of subscriptions.byTopic.keys()) {
      const assigned = subscriptions.assignedOf(topic);
      if (assigned !== undefined) {
        wanted.set(topic, assigned);
        continue;
      }
      try {
        const mine = await this.allocate(topic);
        if (mine === undefined) continue;
        wanted.set(topic, mine);
        this.#tellListener(topic, mine);
      } catch (error) {
        this.#client.logger.warn('rebalance of a topic failed', { group: parts.group, topic, error });
      }
    }
    return wanted;
  }

  #tellListener(topic: string, mine: readonly MessageQueue[]): void {
    const listener = this.#deps.subscriptions.listenerOf(topic);
    if (listener === undefined) return;
    const held = this.#deps.queues.all.filter(({ queue }) => queue.topic === topic).map(({ queue }) => queue);
    const keys = (queues: readonly MessageQueue[]): string => queues.map(messageQueueKey).sort().join();
    if (keys(held) === keys(mine)) return;
    const { logger, namespace, routes } = this.#client;
    const all = routes.subscribeQueuesOf(topic) ?? [];
    const visible = (queues: readonly MessageQueue[]): MessageQueue[] =>
      queues.map((queue) => visibleQueue(namespace, queue));
    try {
      listener(visibleTopic(namespace, topic), visible(all), visible(mine));
    } catch (error) {
      logger.warn('an assignment listener threw', { topic, error });
    }
  }

  async #release(queue: MessageQueue): Promise<void> {
    const { commits, pullApi, queues } = this.#deps;
    const held = queues.get(queue);
    queues.remove(queue);
    await commits.release(queue, held?.finished);
    pullApi.forget(queue);
  }
}
