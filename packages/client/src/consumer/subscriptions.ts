import { buildSubscriptionData, wrapNamespace, type SubscriptionData } from '@mq/remoting/protocol';
import type { Clock } from '@mq/remoting';
import { MQClientError } from '../errors.js';
import { assertTopic } from '../names.js';
import type { FilterClass } from './filter-classes.js';
import type { MessageHandler } from './message-handler.js';
import { visibleTopic } from './queue-names.js';

/** "*" or nothing: everything. "TagA || TagB": one of these tags. `sql`: an SQL92 expression over properties. */
export type SubscriptionExpression = string | { readonly sql: string };

interface Subscription {
  data: SubscriptionData;
  readonly handler: MessageHandler | undefined;
  readonly filterClass: FilterClass | undefined;
}

/** What a consumer subscribed to: wire topic → filter and handler. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Subscription>();
  #lastVersion = 0;

  constructor(
    private readonly namespace: string | undefined,
    private readonly clock: Clock,
    private readonly defaultHandler: MessageHandler | undefined,
  ) {}

  /** Wire topics. */
  get topics(): string[] {
    return [...this.#byTopic.keys()];
  }

  get data(): SubscriptionData[] {
    return [...this.#byTopic.values()].map(({ data }) => data);
  }

  dataOf(wireTopic: string): SubscriptionData | undefined {
    return this.#byTopic.get(wireTopic)?.data;
  }

  /** The code of a class filter. */
  filterClassOf(wireTopic: string): FilterClass | undefined {
    return this.#byTopic.get(wireTopic)?.filterClass;
  }

  /** @param topic as the application names it */
  handlerOf(topic: string): MessageHandler | undefined {
    return this.#byTopic.get(wrapNamespace(this.namespace, topic))?.handler ?? this.defaultHandler;
  }

  /** @returns the wire topic. @throws MQClientError INVALID_ARGUMENT */
  add(topic: string, expression: SubscriptionExpression | FilterClass, handler?: MessageHandler): string {
    assertTopic(topic);
    const wireTopic = wrapNamespace(this.namespace, topic);
    this.#byTopic.set(wireTopic, {
      data: subscriptionData(wireTopic, expression, this.#nextVersion()),
      handler,
      filterClass: typeof expression === 'object' && 'className' in expression ? expression : undefined,
    });
    return wireTopic;
  }

  /** A subscription of the system's own, to a topic named as on the wire. */
  addWireTopic(wireTopic: string): void {
    this.#byTopic.set(wireTopic, {
      data: subscriptionData(wireTopic, '*', this.#nextVersion()),
      handler: undefined,
      filterClass: undefined,
    });
  }

  removeWireTopic(wireTopic: string): void {
    this.#byTopic.delete(wireTopic);
  }

  remove(topic: string): void {
    this.#byTopic.delete(wrapNamespace(this.namespace, topic));
  }

  /** A newer version, after the queues changed: brokers compare versions to find stale subscriptions. */
  touch(wireTopic: string): void {
    const subscription = this.#byTopic.get(wireTopic);
    if (subscription !== undefined)
      subscription.data = { ...subscription.data, subVersion: this.#nextVersion() };
  }

  /** The time, as upstream has it, and above every one before: brokers ignore a change that does not look newer. */
  #nextVersion(): number {
    this.#lastVersion = Math.max(this.clock.now(), this.#lastVersion + 1);
    return this.#lastVersion;
  }

  /** The application's name of a wire topic. */
  nameOf(wireTopic: string): string {
    return visibleTopic(this.namespace, wireTopic);
  }
}

/** @throws MQClientError INVALID_ARGUMENT for an expression that is none */
export function subscriptionData(
  wireTopic: string,
  expression: SubscriptionExpression | FilterClass,
  version: number,
): SubscriptionData {
  try {
    if (typeof expression === 'string') return tagData(wireTopic, expression, version);
    if ('sql' in expression) return buildSubscriptionData(wireTopic, expression.sql, 'SQL92', version);
    return classFilterData(wireTopic, expression, version);
  } catch (cause) {
    throw new MQClientError('INVALID_ARGUMENT', `not a subscription: ${JSON.stringify(expression)}`, {
      cause,
    });
  }
}

/** Upstream takes a blank expression for no tag at all, and gives such a subscriber nothing. */
function tagData(wireTopic: string, expression: string, version: number): SubscriptionData {
  if (expression !== '' && expression.trim() === '') throw new Error('a blank expression names no tag');
  return buildSubscriptionData(wireTopic, expression, 'TAG', version);
}

/** All tags for the broker: it is the filter server that filters. */
function classFilterData(wireTopic: string, filterClass: FilterClass, version: number): SubscriptionData {
  const { className, source } = filterClass;
  if (!className || !source) throw new Error('a class filter needs className and source');
  const all = buildSubscriptionData(wireTopic, '*', 'TAG', version);
  return { ...all, subString: className, classFilterMode: true };
}
