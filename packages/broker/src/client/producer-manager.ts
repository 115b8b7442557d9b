import type { Clock, Connection, Logger } from '@mq/remoting';
import type { ClientChannelInfo } from './client-channel-info.js';
import { ConnectionGroups } from './connection-groups.js';

export interface ProducerManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A producer without a heartbeat for longer is removed and its connection closed; ms, default 120 000. */
  readonly channelExpiredTimeoutMs?: () => number;
}

type ChannelTable = Map<Connection, ClientChannelInfo>;

/**
 * Every producer that is online (upstream `ProducerManager`): transaction checks and replies find their client here.
 *
 * Invariant: a group is in the table only while it has at least one connection.
 */
export class ProducerManager {
  readonly #groups = new Map<string, ChannelTable>();
  readonly #clients = new Map<string, Connection>();
  readonly #connectionGroups = new ConnectionGroups();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channelExpiredTimeoutMs: () => number;
  #nextChannel = 0;

  constructor(options: ProducerManagerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#channelExpiredTimeoutMs = options.channelExpiredTimeoutMs ?? (() => 120_000);
  }

  /** group → connection → who. */
  get groupTable(): ReadonlyMap<string, ReadonlyMap<Connection, ClientChannelInfo>> {
    return this.#groups;
  }

  isGroupOnline(group: string): boolean {
    return this.#groups.has(group);
  }

  /** The connection of the client that registered last under this id. */
  findChannel(clientId: string): Connection | undefined {
    return this.#clients.get(clientId);
  }

  /** An open connection of the group, the groups' members in turn; undefined when nobody is online. */
  availableChannel(group: string): ClientChannelInfo | undefined {
    const channels = this.#groups.get(group);
    if (channels === undefined) return undefined;
    const list = [...channels.values()];
    const start = this.#nextChannel++ % list.length;
    for (let step = 0; step < list.length; step++) {
      const channel = list[(start + step) % list.length];
      if (channel?.connection.isOpen) return channel;
    }
    return undefined;
  }

  registerProducer(group: string, info: ClientChannelInfo): void {
    const now = this.#clock.now();
    const channels = this.#channels(group);
    const known = channels.get(info.connection);
    if (known !== undefined) {
      known.lastUpdateTimestamp = now;
      return;
    }
    info.lastUpdateTimestamp = now;
    channels.set(info.connection, info);
    this.#clients.set(info.clientId, info.connection);
    this.#connectionGroups.add(info.connection, group);
    const { clientId } = info;
    this.#logger.info('producer joined', { group, clientId, address: info.connection.remoteAddress });
  }

  unregisterProducer(group: string, connection: Connection): void {
    this.#connectionGroups.remove(connection, group);
    this.#leave(group, connection);
  }

  /** The connection is gone: its producers leave every group. True when there was one. */
  doConnectionClose(connection: Connection): boolean {
    const groups = this.#connectionGroups.take(connection);
    for (const group of groups) this.#leave(group, connection);
    return groups.size > 0;
  }

  /** Removes producers whose heartbeats stopped, and closes their connections. Call every 10 s. */
  scanNotActive(): void {
    const oldest = this.#clock.now() - this.#channelExpiredTimeoutMs();
    for (const [group, channels] of this.#groups) {
      for (const [connection, channel] of channels) {
        if (channel.lastUpdateTimestamp >= oldest) continue;
        const { clientId } = channel;
        this.#logger.warn('producer expired', { group, clientId, address: connection.remoteAddress });
        this.unregisterProducer(group, connection);
        connection.close('producer sent no heartbeat');
      }
    }
  }

  #channels(group: string): ChannelTable {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const channels: ChannelTable = new Map();
    this.#groups.set(group, channels);
    return channels;
  }

  #leave(group: string, connection: Connection): void {
    const channels = this.#groups.get(group);
    const channel = channels?.get(connection);
    if (channels === undefined || channel === undefined) return;
    channels.delete(connection);
    if (channels.size === 0) this.#groups.delete(group);
    const { clientId } = channel;
    const isElsewhere = this.#connectionGroups.has(connection);
    if (!isElsewhere && this.#clients.get(clientId) === connection) this.#clients.delete(clientId);
    this.#logger.info('producer left', { group, clientId, address: connection.remoteAddress });
  }
}
