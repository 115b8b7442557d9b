// What a request processor may reach. The composition root (broker-controller.ts) builds one BrokerParts for each
// broker and hands it to every processor; there is no other way from a processor to the rest of the broker.
import type { Clock, Logger, TurnScheduler } from '@mq/remoting';
import type { Disk, MessageStore, TimerMessageStore } from '@mq/store';

import type { BrokerIdentity } from './broker-identity.js';
import type { ConsumerManager } from './client/consumer-manager.js';
import type { ProducerManager } from './client/producer-manager.js';
import type { ConsumerFilterManager } from './filter/consumer-filter-manager.js';
import type { FilterServers } from './filter/filter-servers.js';
import type { SendLimits } from './limits/send-limits.js';
import type { PullRequestHoldService } from './long-polling/pull-request-hold-service.js';
import type { ConsumerOffsetManager } from './offset/consumer-offset-manager.js';
import type { BrokerOuterApi } from './out-api/broker-outer-api.js';
import type { BrokerToClient } from './out-api/broker-to-client.js';
import type { PopService } from './pop/pop-service.js';
import type { RebalanceLockManager } from './rebalance/rebalance-lock-manager.js';
import type { ScheduleMessageService } from './schedule/schedule-message-service.js';
import type { BrokerConfiguration } from './broker-configuration.js';
import type { BrokerStatsManager } from './stats/broker-stats-manager.js';
import type { SubscriptionGroupManager } from './subscription/subscription-group-manager.js';
import type { TopicConfigManager } from './topic/topic-config-manager.js';
import type { TransactionService } from './transaction/transaction-service.js';

/** The parts of one broker. Read-only: processors change state only through the parts' own methods. */
export interface BrokerParts {
  /** Current settings: `settings.broker.x` (broker.conf) and `settings.store.x`; both are replaced as a whole on update. */
  readonly settings: BrokerConfiguration;
  /** Who it is to the outside. */
  readonly identity: BrokerIdentity;
  /** Log, queues and index. */
  readonly store: MessageStore;
  /** Its topics (`config/topics.json`). */
  readonly topicConfig: TopicConfigManager;
  /** Its consumer groups (`config/subscriptionGroup.json`). */
  readonly subscriptionGroups: SubscriptionGroupManager;
  /** How far groups are (`config/consumerOffset.json`). */
  readonly consumerOffsets: ConsumerOffsetManager;
  /** Connected consumers. */
  readonly consumers: ConsumerManager;
  /** SQL92 expressions of groups. */
  readonly filters: ConsumerFilterManager;
  /** Filter servers beside this broker (4.x). */
  readonly filterServers: FilterServers;
  /** Connected producers. */
  readonly producers: ProducerManager;
  /** Queues that consumers in order hold. */
  readonly locks: RebalanceLockManager;
  /** How much may be sent. */
  readonly limits: SendLimits;
  /** What VIEW_BROKER_STATS_DATA answers. */
  readonly stats: BrokerStatsManager;
  /** Delay levels. */
  readonly schedule: ScheduleMessageService;
  /** undefined: timerWheelEnable is false. */
  readonly timers: TimerMessageStore | undefined;
  /** Half messages, and asking what became of them. */
  readonly transactions: TransactionService;
  /** Pulls that wait for messages. */
  readonly pullHolds: PullRequestHoldService;
  /** Pop consumption. */
  readonly pop: PopService;
  /** Requests to NameServers and other brokers. */
  readonly outerApi: BrokerOuterApi;
  /** Requests to connected clients (40, 220, 221, 307, 309 ...). */
  readonly toClient: BrokerToClient;
  /** All of the broker's time. */
  readonly clock: Clock;
  /** [0, 1): for choices that may fall either way. */
  readonly random: () => number;
  /** Of the broker as a whole; parts have children of it. */
  readonly logger: Logger;
  /** What joins a turn's appends and answers into one write each. */
  readonly turn: TurnScheduler;
  /** All of the broker's files. */
  readonly disk: Disk;
  /** Wall-clock ms at which the broker started. */
  readonly bootTimestamp: number;
  /** Registers at every NameServer soon (topic change); many calls in one turn become one registration. */
  requestRegistration(): void;
}
