// The NameServer's whole knowledge: which brokers exist, which are alive, which topics they offer.
// Pure state: no socket, no clock, no file; time and connections come in as arguments.
// Upstream: org.apache.rocketmq.namesrv.routeinfo.RouteInfoManager (5.3.3).
import {
  MixAll,
  PERM_WRITE,
  TopicSysFlag,
  type BrokerData,
  type ClusterInfo,
  type DataVersion,
  type QueueData,
  type TopicConfig,
  type TopicQueueMappingInfo,
  type TopicRouteData,
  dataVersionEquals,
} from '@mq/remoting/protocol';
import { actForMissingMasters } from './acting-master.js';
import { BrokerLiveTable, type BrokerChannel } from './broker-live-table.js';
import { TopicQueueTable } from './topic-queue-table.js';

/** Silence after which a broker that names no time-out of its own counts as gone, ms. */
export const DEFAULT_BROKER_EXPIRED_MILLIS = 120_000;

/** Topics of broker membership keep their real ids in routes: their readers want the slave, not an acting master. */
const SYNC_BROKER_MEMBER_TOPIC_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_';

const { FLAG_UNIT, FLAG_UNIT_SUB } = TopicSysFlag;

/** What a registration brings (REGISTER_BROKER, remoting reference 2.2 and 2.3). */
export interface BrokerRegistration {
  /** The cluster its group is of. */
  readonly clusterName: string;
  /** `ip:port` for clients. */
  readonly brokerAddr: string;
  /** Name of its group. */
  readonly brokerName: string;
  /** 0 = master. */
  readonly brokerId: number;
  /** `ip:port` for slaves. */
  readonly haServerAddr: string;
  /** Of its machine room; absent when it names none. */
  readonly zoneName?: string | undefined;
  /** Absent: {@link DEFAULT_BROKER_EXPIRED_MILLIS}. */
  readonly heartbeatTimeoutMillis?: number | undefined;
  /** Absent: sent by a broker older than 5.0, which knows no acting master. */
  readonly enableActingMaster?: boolean | undefined;
  /** Of the broker's topics: nothing changed as long as it is the same. */
  readonly dataVersion: DataVersion;
  /** By topic. */
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
  /** By topic; static topics alone. */
  readonly topicQueueMappingInfoMap: ReadonlyMap<string, TopicQueueMappingInfo>;
  /** `ip:port` of the filter servers beside it; absent or empty: none. */
  readonly filterServerList?: readonly string[] | undefined;
  /** The connection it registered on. */
  readonly channel: BrokerChannel;
}

/** What a slave learns from registering: where its master is. */
export interface RegistrationResult {
  /** `ip:port` where the master replicates from; absent for the master itself, and while it is away. */
  readonly haServerAddr?: string;
  /** `ip:port` of the master; absent as `haServerAddr`. */
  readonly masterAddr?: string;
}

/** One broker process, as it unregisters. */
export interface BrokerIdentity {
  /** The cluster its group is of. */
  readonly clusterName: string;
  /** `ip:port` it registered. */
  readonly brokerAddr: string;
  /** Name of its group. */
  readonly brokerName: string;
  /** 0 = master. */
  readonly brokerId: number;
}

/** The members of a broker group after its lowest id changed; the caller tells them (NOTIFY_MIN_BROKER_ID_CHANGE). */
export interface MinBrokerIdChange {
  /** The group. */
  readonly brokerName: string;
  /** `ip:port` by broker id, without the one that went. */
  readonly brokerAddrs: ReadonlyMap<number, string>;
  /** `ip:port` of the member that went; absent when one came. */
  readonly offlineBrokerAddr?: string | undefined;
  /** `ip:port` for slaves of the member that came; absent when one went. */
  readonly haBrokerAddr?: string | undefined;
}

/** A broker group that registered here always says which cluster it is of. */
type RegisteredBroker = BrokerData & { cluster: string };

/** The switches this class reads; the NameServer's settings object satisfies it. */
export interface RouteSettings {
  /** Show the slave with the lowest id as master of a group that has none. */
  readonly supportActingMaster: boolean;
  /** A registration also removes the topics that the broker no longer lists. */
  readonly deleteTopicWithBrokerRegistration: boolean;
  /** Tell the members of a group when its lowest broker id changes. */
  readonly notifyMinBrokerIdChanged: boolean;
}

/** Route tables and every transition of them. Each method leaves all tables consistent with one another. */
export class RouteInfoManager {
  readonly #settings: () => RouteSettings;
  readonly #onMinBrokerIdChange: (change: MinBrokerIdChange) => void;
  readonly #topicQueues = new TopicQueueTable();
  readonly #brokers = new Map<string, RegisteredBroker>();
  readonly #clusters = new Map<string, Set<string>>();
  readonly #live = new BrokerLiveTable();
  readonly #filterServers = new Map<string, readonly string[]>();
  readonly #topicQueueMappings = new Map<string, Map<string, TopicQueueMappingInfo>>();

  /** `settings` is read at each use, since some change at run time. */
  constructor(
    settings: () => RouteSettings,
    onMinBrokerIdChange: (change: MinBrokerIdChange) => void = () => undefined,
  ) {
    this.#settings = settings;
    this.#onMinBrokerIdChange = onMinBrokerIdChange;
  }

  /**
   * Takes a broker's registration in. Undefined: refused, because a broker that is not known yet must register all its
   * topics first (5.x sends changes of single topics, and one topic cannot be told from such a change).
   */
  registerBroker(registration: BrokerRegistration, nowMs: number): RegistrationResult | undefined {
    const { clusterName, brokerAddr, brokerName, brokerId, dataVersion } = registration;
    this.#clusterMembers(clusterName).add(brokerName);
    let broker = this.#brokers.get(brokerName);
    let registerFirst = broker === undefined;
    if (broker === undefined) {
      broker = { cluster: clusterName, brokerName, brokerAddrs: new Map(), enableActingMaster: false };
      this.#brokers.set(brokerName, broker);
    }
    broker.enableActingMaster = registration.enableActingMaster ?? false;
    if (registration.zoneName === undefined) delete broker.zoneName;
    else broker.zoneName = registration.zoneName;

    const addrs = broker.brokerAddrs;
    const minIdLowered = addrs.size > 0 && brokerId < Math.min(...addrs.keys());
    for (const [id, addr] of addrs) if (addr === brokerAddr && id !== brokerId) addrs.delete(id);

    if (this.#isFencedByNewerHolder(addrs.get(brokerId), registration)) {
      this.#live.delete(clusterName, brokerAddr);
      return {};
    }
    if (!addrs.has(brokerId) && registration.topicConfigTable.size === 1) {
      this.#removeBrokerIfEmpty(broker);
      return undefined;
    }
    registerFirst ||= !addrs.has(brokerId);
    addrs.set(brokerId, brokerAddr);

    const isPrimeSlave =
      registration.enableActingMaster !== undefined &&
      brokerId !== MixAll.MASTER_ID &&
      brokerId === Math.min(...addrs.keys());
    if (brokerId === MixAll.MASTER_ID || isPrimeSlave) {
      const previous = this.#live.get(clusterName, brokerAddr)?.dataVersion;
      const changed = registerFirst || previous === undefined || !dataVersionEquals(previous, dataVersion);
      this.#takeTopics(registration, changed, isPrimeSlave && broker.enableActingMaster);
    }

    this.#live.put({
      clusterName,
      brokerAddr,
      lastUpdateTimestamp: nowMs,
      heartbeatTimeoutMillis: registration.heartbeatTimeoutMillis ?? DEFAULT_BROKER_EXPIRED_MILLIS,
      dataVersion,
      channel: registration.channel,
      haServerAddr: registration.haServerAddr,
    });
    this.#takeFilterServers(registration);
    if (minIdLowered && this.#settings().notifyMinBrokerIdChanged) {
      this.#onMinBrokerIdChange({
        brokerName,
        brokerAddrs: new Map(addrs),
        haBrokerAddr: registration.haServerAddr,
      });
    }
    return brokerId === MixAll.MASTER_ID ? {} : this.#masterOf(broker);
  }

  /** Removes brokers and everything that only they offered. Unknown ones are ignored. */
  unregisterBroker(identity: BrokerIdentity): void {
    const { clusterName, brokerAddr, brokerName, brokerId } = identity;
    this.#live.delete(clusterName, brokerAddr);
    this.#filterServers.delete(filterKey(clusterName, brokerAddr));
    const broker = this.#brokers.get(brokerName);
    if (broker === undefined) return;

    const addrs = broker.brokerAddrs;
    const wasLowest = addrs.size > 0 && brokerId === Math.min(...addrs.keys());
    for (const [id, addr] of addrs) if (addr === brokerAddr) addrs.delete(id);
    if (addrs.size === 0) {
      this.#removeBrokerIfEmpty(broker);
      return;
    }
    if (broker.enableActingMaster && !addrs.has(MixAll.MASTER_ID))
      this.#topicQueues.wipeWritePerm(brokerName);
    if (wasLowest && broker.enableActingMaster && this.#settings().notifyMinBrokerIdChanged) {
      this.#onMinBrokerIdChange({ brokerName, brokerAddrs: new Map(addrs), offlineBrokerAddr: brokerAddr });
    }
  }

  /** Unregisters whatever registered over a connection that has gone; returns who that was. */
  onChannelDestroy(channel: BrokerChannel): BrokerIdentity[] {
    return this.#unregisterLive(this.#live.registeredOn(channel));
  }

  /** Unregisters brokers that were silent for longer than their time-out and closes their connections. */
  scanNotActiveBroker(nowMs: number): BrokerIdentity[] {
    const expired = this.#live.expired(nowMs);
    const gone = this.#unregisterLive(expired);
    for (const info of expired)
      info.channel.close('the broker was silent for longer than its heartbeat time-out');
    return gone;
  }

  /** BROKER_HEARTBEAT: keeps a registered broker alive; an unknown one stays unknown. */
  updateBrokerInfoUpdateTimestamp(clusterName: string, brokerAddr: string, nowMs: number): void {
    const info = this.#live.get(clusterName, brokerAddr);
    if (info !== undefined) info.lastUpdateTimestamp = nowMs;
  }

  /** The topic data version last registered from the address. */
  queryBrokerTopicConfig(clusterName: string, brokerAddr: string): DataVersion | undefined {
    return this.#live.get(clusterName, brokerAddr)?.dataVersion;
  }

  /** Route of a topic: undefined when no live broker offers it. The result is the caller's own. */
  pickupTopicRouteData(topic: string): TopicRouteData | undefined {
    const queueDatas = this.#topicQueues.queueDataOf(topic);
    if (queueDatas === undefined) return undefined;
    const brokerDatas: BrokerData[] = [];
    const filterServerTable: Record<string, string[]> = {};
    for (const { brokerName } of queueDatas) {
      const broker = this.#brokers.get(brokerName);
      if (broker === undefined) continue;
      brokerDatas.push({ ...broker, brokerAddrs: new Map(broker.brokerAddrs) });
      for (const addr of broker.brokerAddrs.values()) {
        const servers = this.#filterServers.get(filterKey(broker.cluster, addr));
        if (servers !== undefined) filterServerTable[addr] = [...servers];
      }
    }
    if (brokerDatas.length === 0) return undefined;

    const route: TopicRouteData = { brokerDatas, queueDatas, filterServerTable };
    const mappings = this.#topicQueueMappings.get(topic);
    if (mappings !== undefined) route.topicQueueMappingByBroker = Object.fromEntries(mappings);
    const acting = this.#settings().supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_TOPIC_PREFIX);
    return acting ? actForMissingMasters(route) : route;
  }

  /** REGISTER_TOPIC_IN_NAMESRV: sets queue data of known brokers; stops at the first unknown one, as upstream does. */
  registerTopic(topic: string, queueDatas: readonly QueueData[]): void {
    const known = queueDatas.every(({ brokerName }) => this.#brokers.has(brokerName));
    if (!known && !this.#topicQueues.topics().includes(topic)) return;
    for (const queueData of queueDatas) {
      if (!this.#brokers.has(queueData.brokerName)) return;
      this.#topicQueues.put(topic, queueData);
    }
  }

  /** Removes a topic's route, or only the part of one cluster's brokers. */
  deleteTopic(topic: string, clusterName?: string): void {
    if (clusterName === undefined || clusterName === '') this.#topicQueues.deleteTopic(topic);
    else
      for (const brokerName of this.#clusters.get(clusterName) ?? [])
        this.#topicQueues.remove(topic, brokerName);
  }

  /** No topic can be sent to at that broker; returns how many topics were touched. */
  wipeWritePermOfBroker(brokerName: string): number {
    return this.#topicQueues.wipeWritePerm(brokerName);
  }

  /** Takes `wipeWritePermOfBroker` back; returns how many topics were touched. */
  addWritePermOfBroker(brokerName: string): number {
    return this.#topicQueues.addWritePerm(brokerName);
  }

  /** Every broker group and every cluster. */
  clusterInfo(): ClusterInfo {
    return {
      brokerAddrTable: Object.fromEntries(this.#brokers),
      clusterAddrTable: Object.fromEntries(
        [...this.#clusters].map(([name, members]) => [name, [...members]]),
      ),
    };
  }

  /** `ip:port` by broker id; empty for a group that is not known. */
  brokerAddrsOf(brokerName: string): ReadonlyMap<number, string> {
    return new Map(this.#brokers.get(brokerName)?.brokerAddrs);
  }

  /** Every topic with a route. */
  allTopics(): string[] {
    return this.#topicQueues.topics();
  }

  /** Topics of the brokers of a cluster, each once; none for a cluster that is not known. */
  topicsByCluster(clusterName: string): string[] {
    const members = [...(this.#clusters.get(clusterName) ?? [])];
    return [...new Set(members.flatMap((brokerName) => this.#topicQueues.topicsOf(brokerName)))];
  }

  /** Cluster and broker names (each is a topic too) and any one broker, which knows its own system topics. */
  systemTopics(): { topicList: string[]; brokerAddr?: string } {
    const topicList = [...this.#clusters].flatMap(([name, members]) => [name, ...members]);
    for (const broker of this.#brokers.values()) {
      for (const brokerAddr of broker.brokerAddrs.values()) return { topicList, brokerAddr };
    }
    return { topicList };
  }

  /** Topics that belong to a unit (`FLAG_UNIT`). */
  unitTopics(): string[] {
    return this.#topicQueues.topicsBySysFlag((flag) => (flag & FLAG_UNIT) !== 0);
  }

  /** Topics that groups of units subscribe to (`FLAG_UNIT_SUB`). */
  hasUnitSubTopics(): string[] {
    return this.#topicQueues.topicsBySysFlag((flag) => (flag & FLAG_UNIT_SUB) !== 0);
  }

  /** Of those the ones that belong to no unit. */
  hasUnitSubUnUnitTopics(): string[] {
    return this.#topicQueues.topicsBySysFlag(
      (flag) => (flag & (FLAG_UNIT | FLAG_UNIT_SUB)) === FLAG_UNIT_SUB,
    );
  }

  #clusterMembers(clusterName: string): Set<string> {
    let members = this.#clusters.get(clusterName);
    if (members === undefined) this.#clusters.set(clusterName, (members = new Set()));
    return members;
  }

  /** Another address holds the id and has seen a later term of the controller: the newcomer is a former master. */
  #isFencedByNewerHolder(
    holderAddr: string | undefined,
    { clusterName, brokerAddr, dataVersion }: BrokerRegistration,
  ): boolean {
    if (holderAddr === undefined || holderAddr === brokerAddr) return false;
    const holder = this.#live.get(clusterName, holderAddr);
    return holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion;
  }

  #takeTopics(registration: BrokerRegistration, changed: boolean, wipeWritePerm: boolean): void {
    const { brokerName, topicConfigTable, topicQueueMappingInfoMap } = registration;
    if (this.#settings().deleteTopicWithBrokerRegistration && topicQueueMappingInfoMap.size === 0) {
      for (const topic of this.#topicQueues.topicsOf(brokerName)) {
        if (!topicConfigTable.has(topic)) this.#topicQueues.remove(topic, brokerName);
      }
    }
    for (const config of topicConfigTable.values()) {
      if (!changed && this.#topicQueues.has(config.topicName, brokerName)) continue;
      this.#topicQueues.putTopicConfig(
        brokerName,
        config,
        wipeWritePerm ? config.perm & ~PERM_WRITE : config.perm,
      );
    }
    if (!changed) return;
    for (const [topic, mapping] of topicQueueMappingInfoMap) {
      let byBroker = this.#topicQueueMappings.get(topic);
      if (byBroker === undefined) this.#topicQueueMappings.set(topic, (byBroker = new Map()));
      byBroker.set(mapping.bname, mapping);
    }
  }

  #takeFilterServers({ clusterName, brokerAddr, filterServerList }: BrokerRegistration): void {
    if (filterServerList === undefined) return;
    const key = filterKey(clusterName, brokerAddr);
    if (filterServerList.length === 0) this.#filterServers.delete(key);
    else this.#filterServers.set(key, filterServerList);
  }

  #masterOf(broker: RegisteredBroker): RegistrationResult {
    const masterAddr = broker.brokerAddrs.get(MixAll.MASTER_ID);
    const master = masterAddr === undefined ? undefined : this.#live.get(broker.cluster, masterAddr);
    if (masterAddr === undefined || master === undefined) return {};
    return { haServerAddr: master.haServerAddr, masterAddr };
  }

  #unregisterLive(infos: readonly { clusterName: string; brokerAddr: string }[]): BrokerIdentity[] {
    const gone: BrokerIdentity[] = [];
    for (const { clusterName, brokerAddr } of infos) {
      const identity = this.#identify(clusterName, brokerAddr);
      if (identity === undefined) {
        this.#live.delete(clusterName, brokerAddr);
        continue;
      }
      this.unregisterBroker(identity);
      gone.push(identity);
    }
    return gone;
  }

  #identify(clusterName: string, brokerAddr: string): BrokerIdentity | undefined {
    for (const broker of this.#brokers.values()) {
      if (broker.cluster !== clusterName) continue;
      for (const [brokerId, addr] of broker.brokerAddrs) {
        if (addr === brokerAddr) return { clusterName, brokerAddr, brokerName: broker.brokerName, brokerId };
      }
    }
    return undefined;
  }

  #removeBrokerIfEmpty(broker: RegisteredBroker): void {
    if (broker.brokerAddrs.size > 0) return;
    this.#brokers.delete(broker.brokerName);
    this.#topicQueues.removeBroker(broker.brokerName);
    const members = this.#clusters.get(broker.cluster);
    if (members?.delete(broker.brokerName) && members.size === 0) this.#clusters.delete(broker.cluster);
  }
}

function filterKey(clusterName: string, brokerAddr: string): string {
  return `${clusterName}\u0000${brokerAddr}`;
}
