// The transactional messages of one broker: builds the parts, recovers what they know, starts and closes them (upstream:
// TransactionalMessageServiceImpl).
import type { Clock, Logger } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import {
  type HotEndTransactionHeader,
  newTopicConfig,
  ResponseCode,
  SystemTopic,
} from '@mq/remoting/protocol';
import type { MessageStore, PutResult } from '@mq/store';

import type { BrokerConfiguration } from '../broker-configuration.js';
import type { BrokerIdentity } from '../broker-identity.js';
import type { BrokerParts } from '../broker-parts.js';
import type { ConfigText } from '../config/config-text.js';
import { isStored } from '../processor/send/put-status.js';
import { RequestRefused } from '../request-refused.js';
import { HALF_TOPIC, halfAgain, halfAnew, type HalfMessage } from './half-message.js';
import { HalfLedger } from './half-ledger.js';
import { OpBatch } from './op-batch.js';
import { TransactionCheckService } from './transaction-check-service.js';
import { TransactionEnder } from './transaction-ender.js';
import { TransactionMetrics } from './transaction-metrics.js';
import { recoverTransactions } from './transaction-recovery.js';
import type { TransactionState } from './transaction-state.js';

const MS_OF_HOUR = 3_600_000;

export interface TransactionServiceDeps extends Pick<
  BrokerParts,
  'consumerOffsets' | 'producers' | 'toClient' | 'topicConfig' | 'stats'
> {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: BrokerConfiguration;
  readonly identity: BrokerIdentity;
  /** config/transactionMetrics; memory only when absent. */
  readonly metricsFile?: ConfigText;
}

export class TransactionService {
  readonly metrics: TransactionMetrics;
  readonly #deps: TransactionServiceDeps;
  readonly #state: TransactionState;
  readonly #ender: TransactionEnder;
  readonly #checks: TransactionCheckService;
  #recovery: Promise<void> | undefined;
  #isRecovered = false;

  constructor(deps: TransactionServiceDeps) {
    this.#deps = deps;
    const { store, clock, settings, identity } = deps;
    const logger = deps.logger.child('transaction');
    const storeHost = (): Buffer => identity.storeHost;
    this.metrics = new TransactionMetrics({
      clock,
      ...(deps.metricsFile === undefined ? {} : { file: deps.metricsFile }),
    });
    const ending = new Map<number, number>();
    const ops = new OpBatch({
      store,
      clock,
      logger,
      storeHost,
      maxBytes: () => settings.broker.transactionOpMsgMaxSize,
      intervalMs: () => settings.broker.transactionOpBatchInterval,
      commitsEndedBelow: () => ending.values().next().value ?? store.maxPhyOffset,
    });
    const ledger = new HalfLedger();
    this.#state = { ledger, ops, metrics: this.metrics, ending, moving: new Map() };
    this.#ender = new TransactionEnder(this.#state, {
      store,
      clock,
      storeHost,
      onCommitted: ({ realTopic, realQueueId }, { sizeBytes }) =>
        deps.stats.recordPut(realTopic, realQueueId, 1, sizeBytes),
    });
    this.#checks = new TransactionCheckService(this.#state, {
      ...deps,
      logger,
      storeHost,
      brokerName: identity.brokerName,
      limits: () => ({
        timeoutMs: settings.broker.transactionTimeOut,
        maxChecks: settings.broker.transactionCheckMax,
        retentionMs: settings.store.fileReservedTime * MS_OF_HOUR,
      }),
      intervalMs: () => settings.broker.transactionCheckInterval,
      isReady: () => this.#isReady(),
      createGiveUpTopic: () => this.#createGiveUpTopic(),
    });
  }

  /** Slaves hold half messages and neither end nor check them. */
  get isMaster(): boolean {
    return this.#deps.settings.store.brokerRole !== 'SLAVE';
  }

  /** Reads the metrics; begins to recover and, after transactionCheckInterval, to check. Throws for a broken file. */
  start(): void {
    this.metrics.load();
    if (this.isMaster) void this.#recover();
    this.#checks.start();
  }

  /** Waits for the check in progress and writes what has ended. The store must still be open. */
  async close(): Promise<void> {
    await this.#recovery;
    await this.#checks.close();
    this.#state.ops.close();
    this.metrics.persist();
  }

  /** Tells the consumer offsets how far the half queue is settled, as far as the log is synced. */
  publishProgress(): void {
    this.#checks.publishProgress();
  }

  /** Delivers the message of a half message; resolves once stored. Rejects with RequestRefused. */
  commit(header: HotEndTransactionHeader): Promise<PutResult> {
    if (this.#isRecovered) return this.#ender.commit(header);
    return this.#recoveredOrRefused().then(() => this.#ender.commit(header));
  }

  /** Drops a half message. Rejects with RequestRefused. */
  rollback(header: HotEndTransactionHeader): Promise<void> {
    if (this.#isRecovered) return this.#ender.rollback(header);
    return this.#recoveredOrRefused().then(() => this.#ender.rollback(header));
  }

  /**
   * Appends a half message that waits, or was given up, as one that was never checked. Rejects with RequestRefused when its
   * transaction has ended.
   */
  async resume(half: HalfMessage): Promise<PutResult> {
    if (!this.#isRecovered) await this.#recoveredOrRefused();
    const { store, identity } = this.#deps;
    const isGivenUp = half.topic !== HALF_TOPIC;
    if (isGivenUp) this.metrics.add(half.realTopic, 1);
    const isFirst =
      isGivenUp && half.properties[MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET] === undefined;
    if (isFirst) return store.put(halfAnew(half, identity.storeHost));

    const { ledger, ending, moving } = this.#state;
    for (let move = moving.get(half.origin); move !== undefined; move = moving.get(half.origin)) await move;
    const waitingAt = ending.has(half.origin) ? undefined : ledger.waitingAt(half.origin, half.queueOffset);
    if (waitingAt === undefined && !isGivenUp) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'the transaction has ended already');
    }
    const moved = store.put(halfAgain(half, identity.storeHost, { checkTimes: 0 })).then((stored) => {
      if (isStored(stored.status)) {
        ledger.move(half.origin, waitingAt ?? half.origin, stored.queueOffset);
      }
      return stored;
    });
    moving.set(half.origin, moved);
    return moved.finally(() => moving.delete(half.origin));
  }

  async #isReady(): Promise<boolean> {
    if (!this.isMaster) return false;
    if (!this.#isRecovered) await this.#recover();
    return this.#isRecovered;
  }

  async #recoveredOrRefused(): Promise<void> {
    await this.#recover();
    if (this.#isRecovered) return;
    throw new RequestRefused(
      ResponseCode.SERVICE_NOT_AVAILABLE,
      'the transactions could not be read, see the log',
    );
  }

  /** One at a time; a failed one is tried again by whoever needs it next. */
  #recover(): Promise<void> {
    const { logger } = this.#deps;
    this.#recovery ??= recoverTransactions({ ...this.#deps, ...this.#state })
      .then(() => {
        this.#isRecovered = true;
      })
      .catch((error: unknown) => logger.error('transactions not recovered', { error }))
      .finally(() => {
        this.#recovery = undefined;
      });
    return this.#recovery;
  }

  #createGiveUpTopic(): void {
    this.#deps.topicConfig.createIfAbsent(newTopicConfig(SystemTopic.TRANS_CHECK_MAX_TIME, 1));
  }
}
