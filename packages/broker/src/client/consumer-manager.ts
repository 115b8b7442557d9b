import type { Clock, Connection, Logger } from '@mq/remoting';
import type { ConsumeFromWhere, ConsumeType, MessageModel, SubscriptionData } from '@mq/remoting/protocol';
import type { ClientChannelInfo } from './client-channel-info.js';
import { ConnectionGroups } from './connection-groups.js';
import { ConsumerGroupInfo } from './consumer-group-info.js';
import { type AgreementChange, describeSubscriptions } from './subscription-differences.js';

/** Told when the members or topics of a clustering group changed; `connections` are the members left. */
export type IdsChangedListener = (group: string, connections: readonly Connection[]) => void;

export interface ConsumerManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A member without a heartbeat for longer is removed and its connection closed; ms, default 120 000. */
  readonly channelExpiredTimeoutMs?: () => number;
  /** A subscription known only from pull requests is forgotten after this long; ms, default 600 000. */
  readonly subscriptionExpiredTimeoutMs?: () => number;
}

/** Groups known only from their pulls at most; a further one is not remembered, its pulls carry what they need. */
const MAX_GROUPS_WITHOUT_HEARTBEAT = 100_000;

/**
 * Every consumer that is online: who, where, subscribing to what (upstream `ConsumerManager`).
 *
 * Invariant: a group is in the table only while it has at least one connection.
 */
export class ConsumerManager {
  readonly #groups = new Map<string, ConsumerGroupInfo>();
  /** Groups known only from pull requests that carried their subscription. */
  readonly #withoutHeartbeat = new Map<string, ConsumerGroupInfo>();
  readonly #connectionGroups = new ConnectionGroups();
  readonly #listeners: IdsChangedListener[] = [];
  /** Told when the last member of a group has left. */
  onGroupGone: ((group: string) => void) | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channelExpiredTimeoutMs: () => number;
  readonly #subscriptionExpiredTimeoutMs: () => number;

  constructor(options: ConsumerManagerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#channelExpiredTimeoutMs = options.channelExpiredTimeoutMs ?? (() => 120_000);
    this.#subscriptionExpiredTimeoutMs = options.subscriptionExpiredTimeoutMs ?? (() => 600_000);
  }

  get groups(): ReadonlyMap<string, ConsumerGroupInfo> {
    return this.#groups;
  }

  onIdsChanged(listener: IdsChangedListener): void {
    this.#listeners.push(listener);
  }

  groupInfo(group: string): ConsumerGroupInfo | undefined {
    return this.#groups.get(group);
  }

  findChannel(group: string, clientId: string): ClientChannelInfo | undefined {
    return this.#groups.get(group)?.findChannel(clientId);
  }

  /** The group's live subscription of the topic; else the last one a pull request of the group carried. */
  findSubscription(group: string, topic: string): SubscriptionData | undefined {
    return (
      this.#groups.get(group)?.findSubscription(topic) ??
      this.#withoutHeartbeat.get(group)?.findSubscription(topic)
    );
  }

  /** Groups online that subscribe to the topic. */
  groupsSubscribing(topic: string): string[] {
    const found: string[] = [];
    for (const [group, info] of this.#groups) if (info.subscriptions.has(topic)) found.push(group);
    return found;
  }

  /**
   * Takes one group of a heartbeat. True when the members or topics of the group changed; listeners are then told,
   * except for broadcast groups and when `isNotifyConsumerIdsChangedEnable` is false.
   */
  registerConsumer(
    group: string,
    channelInfo: ClientChannelInfo,
    consumeType: ConsumeType,
    messageModel: MessageModel,
    consumeFromWhere: ConsumeFromWhere,
    subscriptions: readonly SubscriptionData[],
    isNotifyConsumerIdsChangedEnable: boolean,
  ): boolean {
    const info = this.#join(group, channelInfo, consumeType, messageModel, consumeFromWhere);
    const joined = info.updateChannel(channelInfo, this.#clock.now());
    const changed = info.updateSubscriptions(subscriptions) || joined;
    if (joined) {
      const address = channelInfo.connection.remoteAddress;
      this.#logger.info('consumer joined', { group, clientId: channelInfo.clientId, address });
    }
    const { connection, clientId } = channelInfo;
    const subscribes = describeSubscriptions(messageModel, subscriptions);
    this.#tell(group, info.differences.announce(connection, clientId, subscribes));
    if (changed && isNotifyConsumerIdsChangedEnable) this.#notify(info);
    return changed;
  }

  /** A heartbeat of the short form (V2): refreshes the member, leaves the subscriptions. True when it is new. */
  registerConsumerWithoutSub(
    group: string,
    channelInfo: ClientChannelInfo,
    consumeType: ConsumeType,
    messageModel: MessageModel,
    consumeFromWhere: ConsumeFromWhere,
    isNotifyConsumerIdsChangedEnable: boolean,
  ): boolean {
    const info = this.#join(group, channelInfo, consumeType, messageModel, consumeFromWhere);
    const joined = info.updateChannel(channelInfo, this.#clock.now());
    if (joined && isNotifyConsumerIdsChangedEnable) this.#notify(info);
    return joined;
  }

  /** Remembers a subscription that only a pull request announced, until it expires. */
  compensateSubscription(
    group: string,
    consumeType: ConsumeType,
    messageModel: MessageModel,
    subscription: SubscriptionData,
  ): void {
    let info = this.#withoutHeartbeat.get(group);
    if (info === undefined) {
      if (this.#withoutHeartbeat.size >= MAX_GROUPS_WITHOUT_HEARTBEAT) return;
      info = new ConsumerGroupInfo(group, consumeType, messageModel, 'CONSUME_FROM_LAST_OFFSET');
      this.#withoutHeartbeat.set(group, info);
    }
    info.putSubscription(subscription);
  }

  unregister(group: string, connection: Connection, isNotifyConsumerIdsChangedEnable: boolean): void {
    this.#connectionGroups.remove(connection, group);
    this.#leave(group, connection, isNotifyConsumerIdsChangedEnable);
  }

  /** The connection is gone: its members leave every group. True when there was one. */
  doConnectionClose(connection: Connection): boolean {
    const groups = this.#connectionGroups.take(connection);
    for (const group of groups) this.#leave(group, connection, true);
    return groups.size > 0;
  }

  /** Removes members whose heartbeats stopped, and closes their connections. Call every 10 s. */
  scanNotActive(): void {
    const oldest = this.#clock.now() - this.#channelExpiredTimeoutMs();
    for (const [group, info] of this.#groups) {
      for (const [connection, channel] of info.channels) {
        if (channel.lastUpdateTimestamp >= oldest) continue;
        const { clientId } = channel;
        this.#logger.warn('consumer expired', { group, clientId, address: connection.remoteAddress });
        this.unregister(group, connection, true);
        connection.close('consumer sent no heartbeat');
      }
    }
    const oldestSubVersion = this.#clock.now() - this.#subscriptionExpiredTimeoutMs();
    for (const [group, info] of this.#withoutHeartbeat) {
      if (info.expireSubscriptions(oldestSubVersion)) this.#withoutHeartbeat.delete(group);
    }
  }

  #join(
    group: string,
    channelInfo: ClientChannelInfo,
    consumeType: ConsumeType,
    messageModel: MessageModel,
    consumeFromWhere: ConsumeFromWhere,
  ): ConsumerGroupInfo {
    this.#connectionGroups.add(channelInfo.connection, group);
    const known = this.#groups.get(group);
    if (known !== undefined) {
      known.consumeType = consumeType;
      known.messageModel = messageModel;
      known.consumeFromWhere = consumeFromWhere;
      return known;
    }
    const info = new ConsumerGroupInfo(group, consumeType, messageModel, consumeFromWhere);
    this.#groups.set(group, info);
    return info;
  }

  #leave(group: string, connection: Connection, notify: boolean): void {
    const info = this.#groups.get(group);
    const channel = info?.removeChannel(connection);
    if (info === undefined || channel === undefined) return;
    this.#logger.info('consumer left', {
      group,
      clientId: channel.clientId,
      address: connection.remoteAddress,
    });
    this.#tell(group, info.differences.forget(connection));
    if (info.channels.size === 0) {
      this.#groups.delete(group);
      this.onGroupGone?.(group);
    }
    if (notify) this.#notify(info);
  }

  #tell(group: string, change: AgreementChange): void {
    if (change === undefined) return;
    if (change === 'AGREED') this.#logger.info('the members of a group subscribe alike again', { group });
    else this.#logger.warn('members of one group subscribe differently', { group, ...change });
  }

  #notify(info: ConsumerGroupInfo): void {
    if (info.isBroadcast || info.channels.size === 0) return;
    const connections = info.connections();
    for (const listener of this.#listeners) listener(info.groupName, connections);
  }
}
