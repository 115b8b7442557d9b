import { AdminChannel } from './channel.js';
import type { MQAdminOptions } from './options.js';
import { BrokerOperations } from './operations/brokers.js';
import { ClientOperations } from './operations/clients.js';
import { ClusterOperations } from './operations/cluster.js';
import { GroupOperations } from './operations/groups.js';
import { MessageOperations } from './operations/messages.js';
import { NameServerOperations } from './operations/name-servers.js';
import { OffsetOperations } from './operations/offsets.js';
import { ProbeOperations } from './operations/probes.js';
import { TopicOperations } from './operations/topics.js';
import { TrackOperations } from './operations/tracks.js';

/**
 * Every operation of an operator, by family. Nothing is printed; results are typed; errors are `AdminError`. Upstream:
 * DefaultMQAdminExt.
 *
 *     await using admin = new MQAdmin({ nameServers: '127.0.0.1:9876' });
 *     for (const topic of await admin.topics.list()) console.log(topic);
 *
 * Connections are made when first needed. Every method may be called by many callers at the same time.
 */
export class MQAdmin {
  /** Which brokers there are. */
  readonly cluster: ClusterOperations;
  /** Topics: where they are, how they are configured, how full they are. */
  readonly topics: TopicOperations;
  /** Configuration of consumer groups. */
  readonly groups: GroupOperations;
  /** Progress of consumer groups, and moving it. */
  readonly offsets: OffsetOperations;
  /** Connected producers and consumers. */
  readonly clients: ClientOperations;
  /** Looking messages up, reading queues. */
  readonly messages: MessageOperations;
  /** What became of one message in each group. */
  readonly tracks: TrackOperations;
  /** Configuration, state and clean-up of single brokers. */
  readonly brokers: BrokerOperations;
  /** NameServers: configuration, key-value store, permissions of brokers. */
  readonly nameServers: NameServerOperations;
  /** Sending a message, measuring how long that takes. */
  readonly probes: ProbeOperations;
  readonly #channel: AdminChannel;

  /** @throws AdminError INVALID_ARGUMENT */
  constructor(options: MQAdminOptions = {}) {
    const channel = new AdminChannel(options);
    this.#channel = channel;
    this.cluster = new ClusterOperations(channel);
    this.topics = new TopicOperations(channel, this.cluster);
    this.groups = new GroupOperations(channel, this.cluster);
    this.clients = new ClientOperations(channel, this.topics);
    this.offsets = new OffsetOperations(channel, this.topics, this.clients);
    this.messages = new MessageOperations(channel, this.topics);
    this.tracks = new TrackOperations(this.cluster, this.topics, this.clients, this.offsets);
    this.brokers = new BrokerOperations(channel);
    this.nameServers = new NameServerOperations(channel);
    this.probes = new ProbeOperations(channel);
  }

  /** The NameServers it was given, in order. */
  get nameServerAddresses(): readonly string[] {
    return this.#channel.nameServers;
  }

  /** Closes every connection. May be called again. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
