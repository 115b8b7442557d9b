import type { MessageQueue, TopicRouteData } from '@mq/remoting/protocol';
import { MixAll, compareMessageQueue } from '@mq/remoting/protocol';
import { TopicPublishInfo } from './topic-publish-info.js';
import { publishQueues, sameRoute, subscribeQueues } from './topic-routes.js';

/** Where to read a queue from. */
export interface BrokerAddress {
  readonly address: string;
  /** The broker is not the master: offsets may not be committed there. */
  readonly isSlave: boolean;
}

interface TopicRoute {
  readonly data: TopicRouteData;
  readonly publish: TopicPublishInfo;
  /** Sorted as rebalance wants them. */
  readonly subscribe: readonly MessageQueue[];
}

/**
 * The client's word on where topics and brokers are: routes as the NameServer told them, the queue lists made of them,
 * and the addresses of brokers. Synchronous and without I/O; `RouteRefresher` fills it.
 */
export class RouteTable {
  readonly #routes = new Map<string, TopicRoute>();
  /** brokerName → brokerId → "host:port". */
  readonly #brokers = new Map<string, ReadonlyMap<number, string>>();

  constructor(private readonly random: () => number) {}

  get topics(): string[] {
    return [...this.#routes.keys()];
  }

  routeOf(topic: string): TopicRouteData | undefined {
    return this.#routes.get(topic)?.data;
  }

  /** Queues to send to; undefined when the topic is unknown. Hot: one look-up. */
  publishInfoOf(topic: string): TopicPublishInfo | undefined {
    return this.#routes.get(topic)?.publish;
  }

  /** Queues to read, sorted; undefined when the topic is unknown. */
  subscribeQueuesOf(topic: string): readonly MessageQueue[] | undefined {
    return this.#routes.get(topic)?.subscribe;
  }

  /** Takes a route in. Returns whether it differs from the one before. */
  update(topic: string, data: TopicRouteData): boolean {
    for (const broker of data.brokerDatas) this.#brokers.set(broker.brokerName, broker.brokerAddrs);
    const before = this.#routes.get(topic);
    if (before !== undefined && sameRoute(before.data, data)) return false;
    this.#routes.set(topic, {
      data,
      publish: new TopicPublishInfo(publishQueues(topic, data), this.random),
      subscribe: subscribeQueues(topic, data).sort(compareMessageQueue),
    });
    return true;
  }

  /** Nobody sends to or reads the topic any more. */
  forget(topic: string): void {
    this.#routes.delete(topic);
  }

  /** Master address of a broker; undefined when it has none now. */
  masterOf(brokerName: string): string | undefined {
    return this.#brokers.get(brokerName)?.get(MixAll.MASTER_ID);
  }

  /**
   * Address of that broker id; else, unless `onlyThis`, the next id, else any. Upstream:
   * MQClientInstance.findBrokerAddressInSubscribe.
   */
  findBroker(brokerName: string, brokerId: number, onlyThis: boolean): BrokerAddress | undefined {
    const addresses = this.#brokers.get(brokerName);
    if (addresses === undefined) return undefined;
    const exact = addresses.get(brokerId);
    if (exact !== undefined) return { address: exact, isSlave: brokerId !== MixAll.MASTER_ID };
    if (onlyThis) return undefined;
    const nextSlave = brokerId === MixAll.MASTER_ID ? undefined : addresses.get(brokerId + 1);
    if (nextSlave !== undefined) return { address: nextSlave, isSlave: true };
    const [any] = addresses;
    return any === undefined ? undefined : { address: any[1], isSlave: any[0] !== MixAll.MASTER_ID };
  }

  /** Any broker that serves the topic, masters preferred; which one is random. */
  anyBrokerOf(topic: string): { brokerName: string; address: string } | undefined {
    const brokers = this.#routes.get(topic)?.data.brokerDatas;
    if (brokers === undefined || brokers.length === 0) return undefined;
    const broker = brokers[Math.floor(this.random() * brokers.length) % brokers.length];
    if (broker === undefined) return undefined;
    const addresses = [...broker.brokerAddrs.values()];
    const address =
      broker.brokerAddrs.get(MixAll.MASTER_ID) ??
      addresses[Math.floor(this.random() * addresses.length) % addresses.length];
    return address === undefined ? undefined : { brokerName: broker.brokerName, address };
  }

  /** Every known broker address. */
  *brokers(): Iterable<{ brokerName: string; brokerId: number; address: string }> {
    for (const [brokerName, addresses] of this.#brokers) {
      for (const [brokerId, address] of addresses) yield { brokerName, brokerId, address };
    }
  }

  hasAddress(address: string): boolean {
    for (const broker of this.brokers()) if (broker.address === address) return true;
    return false;
  }

  /** Drops brokers that no route names any more; returns their names. Upstream: cleanOfflineBroker. */
  removeOfflineBrokers(): string[] {
    const named = new Set<string>();
    for (const route of this.#routes.values())
      for (const broker of route.data.brokerDatas) named.add(broker.brokerName);
    const offline = [...this.#brokers.keys()].filter((brokerName) => !named.has(brokerName));
    for (const brokerName of offline) this.#brokers.delete(brokerName);
    return offline;
  }
}
