import { MessageConst, type MessageExt } from '@mq/remoting/message';
import type { ConsumerConnection } from '@mq/remoting/protocol';
import { isAdminError } from '../errors.js';
import { masterAddress } from './broker-address.js';
import type { ClientOperations } from './clients.js';
import type { ClusterOperations } from './cluster.js';
import type { OffsetOperations } from './offsets.js';
import type { TopicOperations } from './topics.js';

/**
 * CONSUMED: the group's offset is past it. CONSUMED_BUT_FILTERED: so it is, but the group's tags leave it out. PULL: the
 * group pulls, nobody can tell. UNKNOWN: see the problem.
 */
export type TrackType =
  | 'CONSUMED'
  | 'CONSUMED_BUT_FILTERED'
  | 'PULL'
  | 'NOT_CONSUME_YET'
  | 'NOT_ONLINE'
  | 'CONSUME_BROADCASTING'
  | 'UNKNOWN';

/** What became of a message in one group. */
export interface MessageTrack {
  /** The group. */
  readonly consumerGroup: string;
  /** What became of it there. */
  readonly trackType: TrackType;
  /** Why it is not known, in words. */
  readonly problem?: string;
}

/** What became of one message in each group that consumes its topic. */
export class TrackOperations {
  constructor(
    private readonly cluster: ClusterOperations,
    private readonly topics: TopicOperations,
    private readonly clients: ClientOperations,
    private readonly offsets: OffsetOperations,
  ) {}

  /**
   * One track for each group that consumes the topic.
   * @throws AdminError when the groups cannot be listed; what fails for one group is in its track
   */
  async of(message: MessageExt): Promise<MessageTrack[]> {
    const tracks: MessageTrack[] = [];
    for (const group of await this.topics.groupsConsuming(message.topic)) {
      tracks.push({ consumerGroup: group, ...(await this.#trackOf(message, group)) });
    }
    return tracks;
  }

  async #trackOf(message: MessageExt, group: string): Promise<Omit<MessageTrack, 'consumerGroup'>> {
    try {
      const connection = await this.clients.consumerConnection(group);
      if (connection.consumeType !== 'CONSUME_PASSIVELY') return { trackType: 'PULL' };
      if (!(await this.#isConsumed(message, group))) return { trackType: 'NOT_CONSUME_YET' };
      return { trackType: isFiltered(message, connection) ? 'CONSUMED_BUT_FILTERED' : 'CONSUMED' };
    } catch (error) {
      if (!isAdminError(error)) throw error;
      if (error.code === 'BROADCAST_GROUP') return { trackType: 'CONSUME_BROADCASTING' };
      const problem =
        error.responseCode === undefined
          ? error.message
          : `CODE:${error.responseCode} DESC:${error.remark ?? error.message}`;
      return { trackType: error.code === 'GROUP_NOT_ONLINE' ? 'NOT_ONLINE' : 'UNKNOWN', problem };
    }
  }

  async #isConsumed(message: MessageExt, group: string): Promise<boolean> {
    const { offsetTable } = await this.offsets.consumeStats(group);
    const { brokerAddrTable } = await this.cluster.info();
    const isHome = (brokerName: string): boolean => {
      const broker = brokerAddrTable[brokerName];
      return broker !== undefined && masterAddress(broker) === message.storeHost;
    };
    return [...offsetTable].some(
      ([queue, { consumerOffset }]) =>
        queue.topic === message.topic &&
        queue.queueId === message.queueId &&
        consumerOffset > message.queueOffset &&
        (queue.brokerName === message.brokerName || isHome(queue.brokerName)),
    );
  }
}

function isFiltered(message: MessageExt, { subscriptionTable }: ConsumerConnection): boolean {
  const subscription = subscriptionTable[message.topic];
  if (subscription === undefined || subscription.tagsSet.size === 0 || subscription.tagsSet.has('*'))
    return false;
  return !subscription.tagsSet.has(message.properties[MessageConst.TAGS] ?? '');
}
