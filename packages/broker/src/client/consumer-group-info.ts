import type { Connection } from '@mq/remoting';
import type { ConsumeFromWhere, ConsumeType, MessageModel, SubscriptionData } from '@mq/remoting/protocol';
import type { ClientChannelInfo } from './client-channel-info.js';
import { SubscriptionDifferences } from './subscription-differences.js';

/** The live members of one consumer group and what they subscribe to (upstream `ConsumerGroupInfo`). */
export class ConsumerGroupInfo {
  readonly #channels = new Map<Connection, ClientChannelInfo>();
  readonly #subscriptions = new Map<string, SubscriptionData>();
  /** Whether the members subscribe alike. */
  readonly differences = new SubscriptionDifferences<Connection>();

  constructor(
    readonly groupName: string,
    public consumeType: ConsumeType,
    public messageModel: MessageModel,
    public consumeFromWhere: ConsumeFromWhere,
  ) {}

  get channels(): ReadonlyMap<Connection, ClientChannelInfo> {
    return this.#channels;
  }

  get subscriptions(): ReadonlyMap<string, SubscriptionData> {
    return this.#subscriptions;
  }

  get isBroadcast(): boolean {
    return this.messageModel === 'BROADCASTING';
  }

  findChannel(clientId: string): ClientChannelInfo | undefined {
    for (const channel of this.#channels.values()) if (channel.clientId === clientId) return channel;
    return undefined;
  }

  findSubscription(topic: string): SubscriptionData | undefined {
    return this.#subscriptions.get(topic);
  }

  connections(): Connection[] {
    return [...this.#channels.keys()];
  }

  /** One entry per connection, in order of arrival, as upstream answers GET_CONSUMER_LIST_BY_GROUP. */
  clientIds(): string[] {
    return Array.from(this.#channels.values(), (channel) => channel.clientId);
  }

  /** Adds or refreshes a member. True when the connection is new to the group. */
  updateChannel(info: ClientChannelInfo, nowMs: number): boolean {
    const known = this.#channels.get(info.connection);
    if (known !== undefined && known.clientId === info.clientId) {
      known.lastUpdateTimestamp = nowMs;
      return false;
    }
    info.lastUpdateTimestamp = nowMs;
    this.#channels.set(info.connection, info);
    return known === undefined;
  }

  removeChannel(connection: Connection): ClientChannelInfo | undefined {
    const known = this.#channels.get(connection);
    if (known !== undefined) this.#channels.delete(connection);
    return known;
  }

  /**
   * Makes the subscriptions those of `subscriptions`: unknown topics are added, known ones replaced only by a larger
   * subVersion, topics that are missing are dropped. True when the set of topics changed.
   */
  updateSubscriptions(subscriptions: readonly SubscriptionData[]): boolean {
    let changed = false;
    const wanted = new Set<string>();
    for (const subscription of subscriptions) {
      wanted.add(subscription.topic);
      const known = this.#subscriptions.get(subscription.topic);
      if (known === undefined) changed = true;
      if (known === undefined || subscription.subVersion > known.subVersion) {
        this.#subscriptions.set(subscription.topic, subscription);
      }
    }
    for (const topic of this.#subscriptions.keys()) {
      if (wanted.has(topic)) continue;
      this.#subscriptions.delete(topic);
      changed = true;
    }
    return changed;
  }

  /** Records one subscription without a heartbeat (pull consumers that only announce it in the request). */
  putSubscription(subscription: SubscriptionData): void {
    this.#subscriptions.set(subscription.topic, subscription);
  }

  /** Drops subscriptions older than `oldestSubVersion` ms; true when none is left. */
  expireSubscriptions(oldestSubVersion: number): boolean {
    for (const [topic, subscription] of this.#subscriptions) {
      if (subscription.subVersion < oldestSubVersion) this.#subscriptions.delete(topic);
    }
    return this.#subscriptions.size === 0;
  }
}
