import {
  DeleteSubscriptionGroupRequestHeader,
  GetSubscriptionGroupConfigRequestHeader,
  RequestCode,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupWrapper,
  encodeSetMessageRequestModeRequestBody,
  encodeSubscriptionGroupConfig,
  isPredefinedGroup,
  isSystemGroup,
  type MessageRequestMode,
  type SubscriptionGroupConfig,
} from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { membersOf, type ClusterOperations } from './cluster.js';
import { readableAddress } from './broker-address.js';

/** A group's configuration on one broker group. */
export interface GroupOnBroker {
  /** The cluster the broker group is of. */
  readonly clusterName: string;
  /** Name of the broker group. */
  readonly brokerName: string;
  /** As the broker that was asked holds it: the master, where there is one. */
  readonly config: SubscriptionGroupConfig;
}

/** How a group takes messages of a topic (5.x). */
export interface RequestModeChange {
  /** The topic. */
  readonly topic: string;
  /** The group. */
  readonly consumerGroup: string;
  /** PULL: clients pull the queues they were given. POP: the broker hands messages out. */
  readonly mode: MessageRequestMode;
  /** Queues shared by how many clients in POP mode; 0 all. */
  readonly popShareQueueNum: number;
}

/** Configuration of consumer groups. */
export class GroupOperations {
  constructor(
    private readonly channel: AdminChannel,
    private readonly cluster: ClusterOperations,
  ) {}

  /** Creates a group on one broker, or replaces its configuration there. @throws AdminError */
  async createOrUpdate(address: string, config: SubscriptionGroupConfig): Promise<void> {
    const body = encodeSubscriptionGroupConfig(config);
    await this.channel.ask(address, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body });
  }

  /**
   * Removes a group from one broker.
   * @param options.removeOffset its offsets too; default false
   * @throws AdminError
   */
  async delete(address: string, groupName: string, options: { removeOffset?: boolean } = {}): Promise<void> {
    const { removeOffset = false } = options;
    // 4.9.7 and 5.x call the same field differently.
    const ext = DeleteSubscriptionGroupRequestHeader.encode({
      groupName,
      cleanOffset: removeOffset,
      removeOffset,
    });
    await this.channel.ask(address, RequestCode.DELETE_SUBSCRIPTIONGROUP, { ext });
  }

  /** Every group of one broker, by name. @throws AdminError */
  async all(address: string): Promise<Record<string, SubscriptionGroupConfig>> {
    const timeoutMs = 2 * this.channel.requestTimeoutMs;
    const { body } = await this.channel.ask(address, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, {
      timeoutMs,
    });
    return this.channel.decode(address, () => decodeSubscriptionGroupWrapper(body).subscriptionGroupTable);
  }

  /** The groups of one broker that applications made. @throws AdminError */
  async userGroups(address: string): Promise<Record<string, SubscriptionGroupConfig>> {
    const groups = Object.entries(await this.all(address));
    return Object.fromEntries(groups.filter(([name]) => !isSystemGroup(name) && !isPredefinedGroup(name)));
  }

  /** A group's configuration on one broker (5.x). @throws AdminError */
  async config(address: string, group: string): Promise<SubscriptionGroupConfig> {
    const ext = GetSubscriptionGroupConfigRequestHeader.encode({ group });
    const { body } = await this.channel.ask(address, RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { ext });
    return this.channel.decode(address, () => decodeSubscriptionGroupConfig(body));
  }

  /** A group's configuration wherever it has one, 4.x brokers included. @throws AdminError */
  async everywhere(group: string): Promise<GroupOnBroker[]> {
    const info = await this.cluster.info();
    const found: GroupOnBroker[] = [];
    for (const [brokerName, broker] of Object.entries(info.brokerAddrTable)) {
      const address = readableAddress(broker);
      if (address === undefined) continue;
      const config = (await this.all(address))[group];
      const clusterName =
        membersOf(info).find((member) => member.brokerName === brokerName)?.clusterName ?? '';
      if (config !== undefined) found.push({ clusterName, brokerName, config });
    }
    return found;
  }

  /** Sets how a group takes a topic's messages, PULL or POP, on one broker (5.x). @throws AdminError */
  async setRequestMode(address: string, change: RequestModeChange): Promise<void> {
    const body = encodeSetMessageRequestModeRequestBody(change);
    await this.channel.ask(address, RequestCode.SET_MESSAGE_REQUEST_MODE, { body });
  }
}
