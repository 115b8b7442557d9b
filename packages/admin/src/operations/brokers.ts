import {
  GetConsumeStatsInBrokerHeader,
  QueryConsumeQueueRequestHeader,
  RequestCode,
  ViewBrokerStatsDataRequestHeader,
  decodeBrokerStatsData,
  decodeColdDataFlowCtrInfo,
  decodeConsumeStatsList,
  decodeHARuntimeInfo,
  decodeKVTable,
  decodeQueryConsumeQueueResponseBody,
  type BrokerStatsData,
  type ColdDataFlowCtrInfo,
  type ConsumeStatsList,
  type HARuntimeInfo,
  type QueryConsumeQueueResponseBody,
} from '@mq/remoting/protocol';
import { parseProperties } from '@mq/remoting/settings';
import type { AdminChannel } from '../channel.js';
import { formatConfig } from './config-text.js';

/** Which entries of a consume queue to look at. */
export interface ConsumeQueueQuery {
  /** The topic. */
  readonly topic: string;
  /** Queue of the topic, from 0. */
  readonly queueId: number;
  /** Queue offset of the first entry. */
  readonly index: number;
  /** How many entries. */
  readonly count: number;
  /** Say also whether each entry matches this group's subscription. */
  readonly consumerGroup?: string;
}

/** Statistics a broker keeps, by name. Keys are topics, or `topic@group`. */
export const BrokerStatistic = {
  TOPIC_PUT_NUMS: 'TOPIC_PUT_NUMS',
  TOPIC_PUT_SIZE: 'TOPIC_PUT_SIZE',
  GROUP_GET_NUMS: 'GROUP_GET_NUMS',
  GROUP_GET_SIZE: 'GROUP_GET_SIZE',
  SNDBCK_PUT_NUMS: 'SNDBCK_PUT_NUMS',
} as const;

/** Single brokers, by address: state, configuration, clean-up. */
export class BrokerOperations {
  constructor(private readonly channel: AdminChannel) {}

  /** What a broker says of itself, as text by key (`putTps`, `commitLogMaxOffset`, ...). @throws AdminError */
  async runtimeInfo(address: string): Promise<Record<string, string>> {
    const { body } = await this.channel.ask(address, RequestCode.GET_BROKER_RUNTIME_INFO);
    return this.channel.decode(address, () => decodeKVTable(body).table);
  }

  /** Settings of a broker, in its order. @throws AdminError */
  async config(address: string): Promise<Map<string, string>> {
    const { body } = await this.channel.ask(address, RequestCode.GET_BROKER_CONFIG);
    return this.channel.decode(address, () => parseProperties(body?.toString('utf8') ?? ''));
  }

  /** Changes settings of a broker at once and in its file. @throws AdminError with the broker's reason for a refusal */
  async updateConfig(address: string, changes: Readonly<Record<string, string>>): Promise<void> {
    await this.channel.ask(address, RequestCode.UPDATE_BROKER_CONFIG, { body: formatConfig(changes) });
  }

  /** Last minute, hour and day of one statistic. @throws AdminError when the broker counted nothing for that key */
  async statistic(address: string, statsName: string, statsKey: string): Promise<BrokerStatsData> {
    const ext = ViewBrokerStatsDataRequestHeader.encode({ statsName, statsKey });
    const { body } = await this.channel.ask(address, RequestCode.VIEW_BROKER_STATS_DATA, { ext });
    return this.channel.decode(address, () => decodeBrokerStatsData(body));
  }

  /**
   * Progress of every group on one broker.
   * @param options.isOrder only order topics; default false
   * @param options.timeoutMs default 50000: a broker looks at every queue for this
   * @throws AdminError
   */
  async consumeStats(
    address: string,
    options: { isOrder?: boolean; timeoutMs?: number } = {},
  ): Promise<ConsumeStatsList> {
    const { isOrder = false, timeoutMs = 50_000 } = options;
    const ext = GetConsumeStatsInBrokerHeader.encode({ isOrder });
    const { body } = await this.channel.ask(address, RequestCode.GET_BROKER_CONSUME_STATS, {
      ext,
      timeoutMs,
    });
    return this.channel.decode(address, () => decodeConsumeStatsList(body));
  }

  /** Replication as this broker sees it (5.x). @throws AdminError */
  async haStatus(address: string): Promise<HARuntimeInfo> {
    const { body } = await this.channel.ask(address, RequestCode.GET_BROKER_HA_STATUS);
    return this.channel.decode(address, () => decodeHARuntimeInfo(body));
  }

  /** Limits on reading old data, and who reads how much of it (5.x). @throws AdminError */
  async coldDataFlow(address: string): Promise<ColdDataFlowCtrInfo> {
    const { body } = await this.channel.ask(address, RequestCode.GET_COLD_DATA_FLOW_CTR_INFO);
    return this.channel.decode(address, () => decodeColdDataFlowCtrInfo(body));
  }

  /** Entries of a consume queue, as the broker's files have them. @throws AdminError */
  async consumeQueue(address: string, query: ConsumeQueueQuery): Promise<QueryConsumeQueueResponseBody> {
    const ext = QueryConsumeQueueRequestHeader.encode(query);
    const { body } = await this.channel.ask(address, RequestCode.QUERY_CONSUME_QUEUE, { ext });
    return this.channel.decode(address, () => decodeQueryConsumeQueueResponseBody(body));
  }

  /** Deletes consume queue files whose messages are gone. @throws AdminError */
  async cleanExpiredConsumeQueues(address: string): Promise<void> {
    await this.channel.ask(address, RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE);
  }

  /** Deletes consume queues of topics that no longer exist. @throws AdminError */
  async cleanUnusedTopics(address: string): Promise<void> {
    await this.channel.ask(address, RequestCode.CLEAN_UNUSED_TOPIC);
  }

  /** Deletes commit log files past their time now instead of at the hour set for it. @throws AdminError */
  async deleteExpiredCommitLog(address: string): Promise<void> {
    await this.channel.ask(address, RequestCode.DELETE_EXPIRED_COMMITLOG);
  }
}
