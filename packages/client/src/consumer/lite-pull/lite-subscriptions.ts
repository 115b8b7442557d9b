import { wrapNamespace, type MessageQueue, type SubscriptionData } from '@mq/remoting/protocol';
import { assertArgument } from '../../errors.js';
import type { ClientInstance } from '../../instance/client-instance.js';
import { assertTopic } from '../../names.js';
import { visibleTopic, wireQueue } from '../queue-names.js';
import { subscriptionData, type SubscriptionExpression } from '../subscriptions.js';

/** Hears of every change of the queues held: all queues of the topic, and ours. */
export type AssignmentListener = (
  topic: string,
  all: readonly MessageQueue[],
  mine: readonly MessageQueue[],
) => void;

/** What a lite pull consumer asked for: its share of topics, or exactly some queues; never both. */
export class LiteSubscriptions {
  readonly #byTopic = new Map<string, SubscriptionData>();
  readonly #listeners = new Map<string, AssignmentListener>();
  /** `assign` was used: wire queues. */
  #assigned: readonly MessageQueue[] | undefined;

  constructor(private readonly client: Pick<ClientInstance, 'clock' | 'namespace'>) {}

  /** Wire topic → filter. */
  get byTopic(): ReadonlyMap<string, SubscriptionData> {
    return this.#byTopic;
  }

  /** The wire queues that were asked for one by one. */
  get assigned(): readonly MessageQueue[] {
    return this.#assigned ?? [];
  }

  /** The wire queues of a topic that were asked for; undefined: our share of it was. */
  assignedOf(wireTopic: string): MessageQueue[] | undefined {
    return this.#assigned?.filter((queue) => queue.topic === wireTopic);
  }

  /** A topic just unsubscribed from may be pulled still: then all of it. */
  filterOf(wireTopic: string): SubscriptionData {
    return this.#byTopic.get(wireTopic) ?? subscriptionData(wireTopic, '*', 0);
  }

  listenerOf(wireTopic: string): AssignmentListener | undefined {
    return this.#listeners.get(wireTopic);
  }

  /** @throws MQClientError INVALID_ARGUMENT, also after `assign` */
  subscribe(
    topic: string,
    expression: SubscriptionExpression,
    listener: AssignmentListener | undefined,
  ): void {
    assertArgument(this.#assigned === undefined, 'subscribe and assign exclude each other');
    assertTopic(topic);
    const wireTopic = wrapNamespace(this.client.namespace, topic);
    this.#filter(wireTopic, expression);
    if (listener === undefined) this.#listeners.delete(wireTopic);
    else this.#listeners.set(wireTopic, listener);
  }

  unsubscribe(topic: string): void {
    const wireTopic = wrapNamespace(this.client.namespace, topic);
    this.#byTopic.delete(wireTopic);
    this.#listeners.delete(wireTopic);
  }

  /**
   * Instead of the queues assigned before.
   * @param expressions by topic, as the application names it
   * @throws MQClientError INVALID_ARGUMENT, also after `subscribe`
   */
  assign(
    queues: readonly MessageQueue[],
    expressions: Readonly<Record<string, SubscriptionExpression>>,
  ): void {
    const { namespace } = this.client;
    assertArgument(
      this.#assigned !== undefined || this.#byTopic.size === 0,
      'subscribe and assign exclude each other',
    );
    this.#assigned = queues.map((queue) => wireQueue(namespace, queue));
    this.#byTopic.clear();
    for (const queue of this.#assigned) {
      if (this.#byTopic.has(queue.topic)) continue;
      this.#filter(queue.topic, expressions[visibleTopic(namespace, queue.topic)] ?? '*');
    }
  }

  #filter(wireTopic: string, expression: SubscriptionExpression): void {
    this.#byTopic.set(wireTopic, subscriptionData(wireTopic, expression, this.client.clock.now()));
  }
}
