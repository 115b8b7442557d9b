import {
  GetConsumeStatsRequestHeader,
  GetConsumerStatusRequestHeader,
  GetMaxOffsetRequestHeader,
  GetMaxOffsetResponseHeader,
  QueryConsumeTimeSpanRequestHeader,
  RequestCode,
  ResetOffsetRequestHeader,
  SearchOffsetRequestHeader,
  SearchOffsetResponseHeader,
  UpdateConsumerOffsetRequestHeader,
  decodeConsumeStats,
  decodeGetConsumerStatusBody,
  decodeQueryConsumeTimeSpanBody,
  decodeResetOffsetBody,
  popRetryTopicV1,
  retryTopic,
  type ConsumeStats,
  type MessageQueue,
  type OffsetWrapper,
  type QueueTimeSpan,
  type TopicRouteData,
} from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { AdminError, isAdminError } from '../errors.js';
import { readableAddress, readableAddresses } from './broker-address.js';
import type { ClientOperations } from './clients.js';
import { routeTopicOf } from './route-topic.js';
import type { TopicOperations } from './topics.js';

/** Moves a group in a topic to a time. */
export interface ResetByTime {
  /** The consumer group. */
  readonly group: string;
  /** The topic. */
  readonly topic: string;
  /** Milliseconds since 1970; the first message stored then or later comes next. -1: the end of each queue. */
  readonly timestampMs: number;
  /** False: only backwards. Default true. */
  readonly force?: boolean;
  /** For topics without a route of their own: the parent topic. */
  readonly routeTopic?: string;
}

/** What moving an offline group did to one queue. Offsets are queue offsets, the next to be consumed. */
export interface RollbackStats {
  /** Name of the broker group that holds the queue. */
  readonly brokerName: string;
  /** Queue of the topic, from 0. */
  readonly queueId: number;
  /** End of the queue. */
  readonly brokerOffset: number;
  /** Where the group was. */
  readonly consumerOffset: number;
  /** What the time stands for. */
  readonly timestampOffset: number;
  /** Where the group is now. */
  readonly rollbackOffset: number;
}

/** Progress of consumer groups: reading it, moving it. */
export class OffsetOperations {
  constructor(
    private readonly channel: AdminChannel,
    private readonly topics: TopicOperations,
    private readonly clients: ClientOperations,
  ) {}

  /**
   * Progress of a group by queue, from all brokers that hold its retry topic.
   * @param options.topic only this topic, whose route serves when the group has no retry topic
   * @throws AdminError GROUP_NOT_ONLINE or BROADCAST_GROUP when no broker has offsets of it
   */
  async consumeStats(
    group: string,
    options: { topic?: string | undefined; routeTopic?: string | undefined } = {},
  ): Promise<ConsumeStats> {
    const route = await this.#routeOfGroup(group, options);
    const total: ConsumeStats = { consumeTps: 0, offsetTable: new Map() };
    for (const address of readableAddresses(route.brokerDatas)) {
      const stats = await this.consumeStatsOf(address, group, options.topic);
      for (const [queue, offset] of stats.offsetTable) total.offsetTable.set(queue, offset);
      total.consumeTps += stats.consumeTps;
    }
    if (total.offsetTable.size === 0) throw await this.#whyWithoutOffsets(group);
    return total;
  }

  /** Progress of a group on one broker. @throws AdminError */
  async consumeStatsOf(address: string, group: string, topic?: string): Promise<ConsumeStats> {
    const ext = GetConsumeStatsRequestHeader.encode({ consumerGroup: group, topic });
    const timeoutMs = 3 * this.channel.requestTimeoutMs;
    const { body } = await this.channel.ask(address, RequestCode.GET_CONSUME_STATS, { ext, timeoutMs });
    return this.channel.decode(address, () => decodeConsumeStats(body));
  }

  /**
   * Moves a group whose members are connected; they go on at the new offsets at once.
   * @returns the new offset of each queue
   * @throws AdminError GROUP_NOT_ONLINE from a broker that can move connected groups only: then `resetOfflineByTime`
   */
  async resetByTime(reset: ResetByTime): Promise<Map<MessageQueue, number>> {
    const { group, topic, timestampMs, force = true } = reset;
    // -1 is how upstream says "no queue in particular, no offset in particular".
    const ext = ResetOffsetRequestHeader.encode({
      group,
      topic,
      timestamp: timestampMs,
      isForce: force,
      queueId: -1,
      offset: -1,
    });
    const offsets = new Map<MessageQueue, number>();
    for (const address of readableAddresses((await this.#routeOf(reset)).brokerDatas)) {
      const { body } = await this.channel.ask(address, RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { ext });
      if (body === undefined) continue;
      const { offsetTable } = this.channel.decode(address, () => decodeResetOffsetBody(body));
      for (const [queue, offset] of offsetTable) offsets.set(queue, offset);
    }
    return offsets;
  }

  /** Moves a group by committing offsets for it; members that are connected would overwrite them. @throws AdminError */
  async resetOfflineByTime(reset: ResetByTime): Promise<RollbackStats[]> {
    const route = await this.#routeOf(reset);
    const moved: RollbackStats[] = [];
    for (const broker of route.brokerDatas) {
      const address = readableAddress(broker);
      if (address === undefined) continue;
      for (const [queue, progress] of await this.#queuesOf(address, reset)) {
        moved.push(await this.#rollback(address, reset, queue, progress));
      }
    }
    return moved;
  }

  /** Moves a group in one queue, whether connected or not. @throws AdminError */
  async resetQueue(address: string, group: string, queue: MessageQueue, offset: number): Promise<void> {
    await this.update(address, group, queue, offset);
    const { topic, queueId } = queue;
    const ext = ResetOffsetRequestHeader.encode({
      group,
      topic,
      queueId,
      offset,
      timestamp: 0,
      isForce: true,
    });
    await this.channel.ask(address, RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { ext });
  }

  /**
   * Lets a group begin where another one is in a topic. Upstream copies the offsets of every topic, to the brokers of
   * this one; here only this topic's.
   * @returns queues set
   * @throws AdminError SERVER_REFUSED when the group does not exist
   */
  async clone(source: string, destination: string, topic: string): Promise<number> {
    const { offsetTable } = await this.consumeStats(source, { topic });
    const { brokerDatas } = await this.topics.route(topic);
    let count = 0;
    for (const [queue, { consumerOffset }] of offsetTable) {
      const broker = brokerDatas.find(({ brokerName }) => brokerName === queue.brokerName);
      const address = broker === undefined ? undefined : readableAddress(broker);
      if (queue.topic !== topic || address === undefined || consumerOffset < 0) continue;
      await this.update(address, destination, queue, consumerOffset);
      count++;
    }
    return count;
  }

  /** Commits an offset for a group. @throws AdminError */
  async update(address: string, group: string, queue: MessageQueue, commitOffset: number): Promise<void> {
    const { topic, queueId, brokerName } = queue;
    const ext = UpdateConsumerOffsetRequestHeader.encode({
      consumerGroup: group,
      topic,
      queueId,
      commitOffset,
      bname: brokerName,
    });
    await this.channel.ask(address, RequestCode.UPDATE_CONSUMER_OFFSET, { ext });
  }

  /** First offset of a queue stored at a time or later, ms since 1970. @throws AdminError */
  async search(address: string, topic: string, queueId: number, timestampMs: number): Promise<number> {
    const ext = SearchOffsetRequestHeader.encode({ topic, queueId, timestamp: timestampMs });
    const response = await this.channel.ask(address, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { ext });
    return this.channel.header(address, SearchOffsetResponseHeader, response).offset;
  }

  /** One past the last offset of a queue. @throws AdminError */
  async maxOffset(address: string, topic: string, queueId: number): Promise<number> {
    const ext = GetMaxOffsetRequestHeader.encode({ topic, queueId });
    const response = await this.channel.ask(address, RequestCode.GET_MAX_OFFSET, { ext });
    return this.channel.header(address, GetMaxOffsetResponseHeader, response).offset;
  }

  /** Times of the first, the last and the next message of a group in each queue. @throws AdminError */
  async timeSpans(topic: string, group: string): Promise<QueueTimeSpan[]> {
    const spans: QueueTimeSpan[] = [];
    for (const address of readableAddresses((await this.topics.route(topic)).brokerDatas)) {
      const ext = QueryConsumeTimeSpanRequestHeader.encode({ topic, group });
      const { body } = await this.channel.ask(address, RequestCode.QUERY_CONSUME_TIME_SPAN, { ext });
      spans.push(
        ...this.channel.decode(address, () => decodeQueryConsumeTimeSpanBody(body).consumeTimeSpanSet),
      );
    }
    return spans;
  }

  /**
   * Offsets as the group's members hold them, by client id.
   * @param clientAddr only this member, "ip:port"
   * @throws AdminError
   */
  async ofMembers(
    topic: string,
    group: string,
    clientAddr?: string,
  ): Promise<Record<string, Map<MessageQueue, number>>> {
    const [address] = readableAddresses((await this.topics.route(topic)).brokerDatas);
    if (address === undefined) return {};
    const ext = GetConsumerStatusRequestHeader.encode({ topic, group, clientAddr });
    const { body } = await this.channel.ask(address, RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, {
      ext,
    });
    return this.channel.decode(address, () => decodeGetConsumerStatusBody(body).consumerTable);
  }

  #routeOf({ topic, routeTopic }: ResetByTime): Promise<TopicRouteData> {
    return this.topics.route(routeTopicOf(topic, routeTopic));
  }

  async #routeOfGroup(
    group: string,
    { topic, routeTopic }: { topic?: string | undefined; routeTopic?: string | undefined },
  ): Promise<TopicRouteData> {
    const candidates = [retryTopic(group)];
    if (topic !== undefined) candidates.push(routeTopicOf(topic, routeTopic), popRetryTopicV1(topic, group));
    let problem: unknown;
    for (const candidate of candidates) {
      try {
        return await this.topics.route(candidate);
      } catch (error) {
        if (!isAdminError(error) || error.code !== 'TOPIC_NOT_FOUND') throw error;
        problem ??= error;
      }
    }
    throw problem;
  }

  async #whyWithoutOffsets(group: string): Promise<AdminError> {
    const broadcast = await this.clients.consumerConnection(group).then(
      ({ messageModel }) => messageModel === 'BROADCASTING',
      () => false,
    );
    return broadcast
      ? new AdminError(
          'BROADCAST_GROUP',
          `the group "${group}" consumes in broadcast mode: brokers hold no offsets of it`,
        )
      : new AdminError(
          'GROUP_NOT_ONLINE',
          `no broker holds offsets of the group "${group}", maybe it never consumed`,
        );
  }

  /** Queues of the topic on one broker: where the group is, or the beginning when it never consumed. */
  async #queuesOf(address: string, { group, topic }: ResetByTime): Promise<Map<MessageQueue, OffsetWrapper>> {
    const { offsetTable } = await this.consumeStatsOf(address, group);
    const consumed = [...offsetTable].filter(([queue]) => queue.topic === topic);
    if (consumed.length > 0) return new Map(consumed);
    const { offsetTable: queues } = await this.topics.statsOf(address, topic);
    const atTheBeginning = ([queue, { minOffset, maxOffset }]: [
      MessageQueue,
      { minOffset: number; maxOffset: number },
    ]): [MessageQueue, OffsetWrapper] => [
      queue,
      { brokerOffset: maxOffset, consumerOffset: minOffset, lastTimestamp: 0 },
    ];
    return new Map([...queues].map(atTheBeginning));
  }

  async #rollback(
    address: string,
    { group, timestampMs, force = true }: ResetByTime,
    queue: MessageQueue,
    { brokerOffset, consumerOffset }: OffsetWrapper,
  ): Promise<RollbackStats> {
    const { topic, queueId, brokerName } = queue;
    const timestampOffset =
      timestampMs === -1
        ? await this.maxOffset(address, topic, queueId)
        : await this.search(address, topic, queueId, timestampMs);
    const moves = force || timestampOffset <= consumerOffset;
    if (moves) await this.update(address, group, queue, timestampOffset);
    const rollbackOffset = moves ? timestampOffset : consumerOffset;
    return { brokerName, queueId, brokerOffset, consumerOffset, timestampOffset, rollbackOffset };
  }
}
