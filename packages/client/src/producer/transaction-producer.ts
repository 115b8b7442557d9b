import { MessageConst, SysFlag, decodeOffsetMsgId } from '@mq/remoting/message';
import {
  SystemTopic,
  withoutNamespace,
  wrapNamespace,
  type EndTransactionRequestHeader,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import type { EndTransactionObserved, SendObserved } from '../hooks/message-hook.js';
import type { TransactionCheck } from '../instance/group-members.js';
import { InFlight } from '../instance/in-flight.js';
import { settledWithin } from '../instance/sleeper.js';
import { assertTopic } from '../names.js';
import { wholeNumber } from '../options.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import {
  runLocal,
  type CheckTransaction,
  type HalfSent,
  type LocalOutcome,
  type LocalTransaction,
  type LocalTransactionState,
} from './local-transaction.js';
import { isDelayed, type OutgoingMessage } from './outgoing-message.js';
import { Producer, type ProducerCloseResult } from './producer.js';
import type { ProducerOptions } from './producer-options.js';
import type { SendOptions } from './send-options.js';
import type { SendResult } from './send-result.js';
import { TransactionChecks } from './transaction-checks.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const DEFAULT_CONCURRENT_CHECKS = 32;
/** Upstream: checkRequestHoldMax. */
const DEFAULT_WAITING_CHECKS = 2_000;

/** Settings of a transaction producer. Upstream: TransactionMQProducer. */
export interface TransactionProducerOptions extends ProducerOptions {
  /** Asked by brokers what became of transactions whose end they do not know. */
  checkTransaction: CheckTransaction;
  /**
   * Topics of its transactions. Their brokers know the producer from its start, and ask it about transactions of those before
   * it, which may have died, though it sends nothing itself yet. Default: the one by which brokers create topics
   * (`createTopicKey`), so where `autoCreateTopicEnable` is false name your own.
   */
  topics?: readonly string[];
  /** Checks that run at a time. Default 32. */
  maxConcurrentChecks?: number;
  /** Checks that wait for their turn; more are dropped, and asked for again by the broker. Default 2000. */
  checkRequestHoldMax?: number;
}

/** A message sent in a transaction. */
export interface TransactionSendResult extends SendResult {
  /** The id the message carries. */
  readonly transactionId: string;
  /** What the broker was told. */
  readonly localTransactionState: LocalTransactionState;
  /** What the local transaction threw; the state is UNKNOWN then. */
  readonly localError?: unknown;
}

/** What closing a transaction producer left behind. */
export interface TransactionProducerCloseResult extends ProducerCloseResult {
  /** Local transactions that had not ended when time ran out; checks by the broker decide on their messages. */
  readonly unfinishedTransactions: number;
}

/** The numbers of MessageSysFlag and the names of LocalTransactionState that say so on the wire and in trace. */
const UPSTREAM_STATES = {
  COMMIT: { commitOrRollback: SysFlag.TRANSACTION_COMMIT, name: 'COMMIT_MESSAGE' },
  ROLLBACK: { commitOrRollback: SysFlag.TRANSACTION_ROLLBACK, name: 'ROLLBACK_MESSAGE' },
  UNKNOWN: { commitOrRollback: SysFlag.TRANSACTION_NOT, name: 'UNKNOW' },
} as const;

/**
 * Sends messages that consumers see if, and only if, a local transaction succeeds. Upstream: TransactionMQProducer.
 *
 *     await using producer = new TransactionProducer({
 *       nameServers: ['127.0.0.1:9876'],
 *       producerGroup: 'orders',
 *       checkTransaction: async ({ msgId }) => ((await orders.has(msgId)) ? 'COMMIT' : 'ROLLBACK'),
 *     });
 *     await producer.start();
 *     await producer.sendInTransaction({ topic: 'Orders', body: 'order 1' }, async ({ transactionId }) => {
 *       await orders.insert(transactionId, 'order 1');
 *       return 'COMMIT' as const;
 *     });
 *
 * The broker stores the message aside (a half message), the local transaction runs, the broker is told how it went. Should that
 * word get lost, or this process, the broker asks `checkTransaction` of any producer of the group that it knows (see `topics`), so
 * all producers of a group must be able to answer for each other. Delivery is at least once, as with every send.
 */
export class TransactionProducer extends Producer {
  readonly #checks: TransactionChecks;
  readonly #transactions: InFlight;
  readonly #topics: readonly string[];
  readonly #closing = new AbortController();
  #isKnown: Promise<void> | undefined;
  #closed: Promise<TransactionProducerCloseResult> | undefined;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: TransactionProducerOptions) {
    super(options);
    const { checkTransaction, maxConcurrentChecks, checkRequestHoldMax, topics } = options;
    assertArgument(typeof checkTransaction === 'function', 'checkTransaction must be a function');
    assertArgument(topics === undefined || Array.isArray(topics), 'topics must be a list of names');
    this.#topics = topics ?? [options.createTopicKey ?? SystemTopic.AUTO_CREATE];
    for (const topic of this.#topics) assertTopic(topic);
    const { client } = this;
    this.#transactions = new InFlight(client.clock);
    this.#checks = new TransactionChecks({
      checkTransaction,
      namespace: client.namespace,
      logger: client.logger,
      concurrency: wholeNumber('maxConcurrentChecks', maxConcurrentChecks, DEFAULT_CONCURRENT_CHECKS, 1),
      maxWaiting: wholeNumber('checkRequestHoldMax', checkRequestHoldMax, DEFAULT_WAITING_CHECKS, 0),
      answer: (check, message, outcome) => this.#answerCheck(check, message, outcome),
    });
    this.member.checkTransaction = (check) => this.#checks.take(check);
  }

  /**
   * As of every producer; the brokers of `topics` know it soon after, and may ask `checkTransaction`.
   * @throws MQClientError as `Producer.start`
   */
  override async start(): Promise<void> {
    await super.start();
    await (this.#isKnown ??= this.makeKnownTo(this.#topics));
  }

  /**
   * Sends a half message, runs `local` once a broker has stored it, and tells the broker what `local` says. Resolves when that
   * word is on its way; that it got lost is no error, since the broker asks again. `local` does not run when the half message was
   * stored less durably than configured (`status` is not SEND_OK): it is rolled back, as upstream does.
   * @param options as of `send`; the time limit is that of the half message alone
   * @throws MQClientError what `send` throws, with `local` not run; INVALID_ARGUMENT for a delayed message. After TIMEOUT,
   *   ABORTED and CONNECTION_FAILED the half message may have been stored: `checkTransaction` will be asked about it
   */
  async sendInTransaction(
    message: OutgoingMessage,
    local: LocalTransaction,
    options: SendOptions = {},
  ): Promise<TransactionSendResult> {
    if (this.#closed !== undefined) throw new MQClientError('CLOSED', 'the producer was closed');
    assertArgument(typeof local === 'function', 'the local transaction must be a function');
    assertImmediate(message);
    this.#transactions.begin();
    try {
      const half = {
        [MessageConst.TRANSACTION_PREPARED]: 'true',
        [MessageConst.PRODUCER_GROUP]: this.member.producerGroup,
      };
      let observed: SendObserved | undefined;
      const sent = await this.sendWith(message, options, half, (send) => (observed = send));
      const outcome = await this.#runLocal(sent, local);
      await this.#end(message, sent, outcome, observed);
      const { state, error } = outcome;
      // Brokers of 4.x do not name it.
      const result = { ...sent, transactionId: sent.msgId, localTransactionState: state };
      return error === undefined ? result : { ...result, localError: error };
    } finally {
      this.#transactions.end();
    }
  }

  /**
   * Refuses new transactions, waits for the local ones and the checks under way, then closes as `Producer.close` does. Always ends,
   * about within the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on waiting; default 5000
   */
  override close(options: { timeoutMs?: number } = {}): Promise<TransactionProducerCloseResult> {
    this.#closed ??= this.#closeWithin(
      wholeNumber('timeoutMs', options.timeoutMs, DEFAULT_CLOSE_TIMEOUT_MS, 0),
    );
    return this.#closed;
  }

  async #closeWithin(timeoutMs: number): Promise<TransactionProducerCloseResult> {
    const { clock } = this.client;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const leftMs = (): number => Math.max(0, Math.ceil(deadlineMs - clock.monotonic()));
    const unfinishedTransactions = await this.#transactions.drain(timeoutMs);
    await settledWithin(clock, this.#checks.close(), leftMs());
    this.#closing.abort(new MQClientError('CLOSED', 'the producer was closed'));
    return { ...(await super.close({ timeoutMs: leftMs() })), unfinishedTransactions };
  }

  async #runLocal(sent: SendResult, local: LocalTransaction): Promise<LocalOutcome> {
    if (sent.status !== 'SEND_OK') return { state: 'ROLLBACK' };
    const { msgId, messageQueue } = sent;
    const half: HalfSent = { transactionId: msgId, messageQueue, signal: this.#closing.signal };
    const outcome = await runLocal(() => local(half));
    if (outcome.error !== undefined) {
      this.client.logger.error('local transaction failed', { transactionId: msgId, error: outcome.error });
    }
    return outcome;
  }

  /** Tells the broker that stored the half message. Never rejects. @param observed the send, as hooks saw it */
  async #end(
    message: OutgoingMessage,
    sent: SendResult,
    { state, error }: LocalOutcome,
    observed: SendObserved | undefined,
  ): Promise<void> {
    const { client } = this;
    const { msgId, messageQueue, queueOffset, transactionId } = sent;
    const { brokerName } = messageQueue;
    const topic = wrapNamespace(client.namespace, message.topic);
    try {
      const commitLogOffset = decodeOffsetMsgId(sent.offsetMsgId)?.physicalOffset;
      if (commitLogOffset === undefined)
        throw new MQClientError('BAD_RESPONSE', 'no place of the half message');
      const { address } = await client.masterOf({ ...messageQueue, topic });
      await this.#tell(
        address,
        {
          topic,
          producerGroup: this.member.producerGroup,
          tranStateTableOffset: queueOffset,
          commitLogOffset,
          commitOrRollback: UPSTREAM_STATES[state].commitOrRollback,
          fromTransactionCheck: false,
          msgId,
          transactionId,
          bname: brokerName,
        },
        error === undefined ? undefined : `local transaction failed: ${String(error)}`,
        // With what hooks added to the half message: a trace goes on from its send.
        () => ({ topic: message.topic, properties: observed?.messages[0]?.properties ?? {}, state }),
      );
    } catch (cause) {
      client.logger.warn('the end of a transaction could not be told, the broker will ask', {
        transactionId: msgId,
        state,
        brokerName,
        error: cause,
      });
    }
  }

  /** Tells the broker that asked. Never rejects. */
  async #answerCheck(
    { brokerAddress, header }: TransactionCheck,
    message: ReceivedMessage,
    { state, error }: LocalOutcome,
  ): Promise<void> {
    try {
      await this.#tell(
        brokerAddress,
        {
          topic: header.topic,
          producerGroup: this.member.producerGroup,
          tranStateTableOffset: header.tranStateTableOffset,
          commitLogOffset: header.commitLogOffset,
          commitOrRollback: UPSTREAM_STATES[state].commitOrRollback,
          fromTransactionCheck: true,
          msgId: message.msgId,
          transactionId: header.transactionId,
          bname: header.bname,
        },
        error === undefined ? undefined : `checkTransaction failed: ${String(error)}`,
        () => ({ topic: message.topic, properties: message.properties, state }),
      );
    } catch (cause) {
      this.client.logger.warn('a check could not be answered, the broker will ask again', {
        msgId: message.msgId,
        state,
        brokerAddress,
        error: cause,
      });
    }
  }

  async #tell(
    address: string,
    header: EndTransactionRequestHeader,
    remark: string | undefined,
    observed: () => {
      topic: string;
      properties: EndTransactionObserved['properties'];
      state: LocalTransactionState;
    },
  ): Promise<void> {
    if (this.hooks !== undefined) {
      const { topic, properties, state } = observed();
      this.hooks.endTransaction({
        topic,
        properties,
        producerGroup: withoutNamespace(header.producerGroup, this.client.namespace),
        msgId: header.msgId,
        transactionId: header.transactionId,
        brokerAddress: address,
        transactionState: UPSTREAM_STATES[state].name,
        fromTransactionCheck: header.fromTransactionCheck === true,
      });
    }
    await this.client.brokers.endTransaction({ address }, header, remark);
  }
}

function assertImmediate(message: OutgoingMessage): void {
  assertArgument(!isDelayed(message), 'a message in a transaction cannot be delayed');
}
