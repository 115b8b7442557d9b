// PULL_MESSAGE and LITE_PULL_MESSAGE (upstream: PullMessageProcessor, DefaultPullMessageResultHandler): reads a queue for a
// consumer. Found messages leave as slices of the store's own buffers; an empty queue holds the request until a message
// arrives. Only the first pass of a request commits an offset or is held.
import { RemotingCommand, type RequestContext } from '@mq/remoting';
import {
  decodePullHeader,
  MixAll,
  PullSysFlag,
  ResponseCode,
  type PullMessageRequestHeader,
  type SubscriptionGroupConfig,
} from '@mq/remoting/protocol';
import type { GetMessageResult } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import type { SubscriptionFilter } from '../../filter/subscription-filter.js';
import type { HeldPull } from '../../long-polling/held-pull.js';
import { responseToError } from '../../request-table.js';
import { ASSUMED_READ_BYTES, type PullAccount, PullBudget } from './pull-budget.js';
import { type CheckedPull, checkPull } from './pull-checks.js';
import { PullResponseHeader } from './pull-response-header.js';
import { pullResponseCode } from './pull-status.js';

const NO_BUFFERS: readonly Buffer[] = [];

export class PullMessageProcessor {
  readonly #broker: BrokerParts;
  readonly #responseHeader = new PullResponseHeader();
  readonly #budget: PullBudget;

  constructor(broker: BrokerParts) {
    this.#broker = broker;
    this.#budget = new PullBudget(() => broker.settings.broker.maxPullBytesInFlight, broker.turn);
  }

  /** Serves 11 and 361. */
  readonly pull = (request: RemotingCommand, context: RequestContext): undefined | Promise<undefined> =>
    this.execute(request, context, decodePullHeader(request), true);

  /** One pass of a pull. `isFirst` false: woken, so neither held nor committing. Throws RequestRefused. */
  execute(
    request: RemotingCommand,
    context: RequestContext,
    header: PullMessageRequestHeader,
    isFirst: boolean,
  ): undefined | Promise<undefined> {
    const checked = checkPull(this.#broker, header, context.connection);
    const account = this.#budget.accountFor(context.connection);
    if (account === undefined) {
      request.forgetBytes();
      const resume = (): void => this.executeLater(request, context, header, isFirst);
      if (!this.#budget.waitFor(context.connection, resume)) this.#answerBusy(context, header, checked);
      return undefined;
    }
    const { filter } = checked;
    const result = this.#read(header, filter);
    if (!(result instanceof Promise)) {
      this.#handle(request, context, header, checked, filter, result, account, isFirst);
      return undefined;
    }
    this.#budget.take(account, ASSUMED_READ_BYTES);
    const settled = (): void => this.#budget.give(account, ASSUMED_READ_BYTES);
    return result.then(
      (read) => {
        settled();
        this.#handle(request, context, header, checked, filter, read, account, isFirst);
        return undefined;
      },
      (error: unknown) => {
        settled();
        throw error;
      },
    );
  }

  /** A pass outside the request's own call: nobody else would answer for what it throws. */
  executeLater(
    request: RemotingCommand,
    context: RequestContext,
    header: PullMessageRequestHeader,
    isFirst: boolean,
  ): void {
    const answerError = (error: unknown): void =>
      context.respond(responseToError(error, request, this.#broker.logger));
    try {
      this.execute(request, context, header, isFirst)?.catch(answerError);
    } catch (error) {
      answerError(error);
    }
  }

  #read(
    header: PullMessageRequestHeader,
    filter: SubscriptionFilter | undefined,
  ): GetMessageResult | Promise<GetMessageResult> {
    const { consumerGroup: group, topic, queueId } = header;
    const { consumerOffsets, store, settings } = this.#broker;
    const reset = consumerOffsets.queryThenEraseResetOffset(topic, group, queueId);
    if (reset !== undefined && settings.broker.useServerSideResetOffset) {
      return {
        status: 'OFFSET_RESET',
        nextBeginOffset: reset,
        minOffset: store.minOffsetInQueue(topic, queueId),
        maxOffset: store.maxOffsetInQueue(topic, queueId),
        buffers: NO_BUFFERS,
        bufferTotalSize: 0,
        messageCount: 0,
        suggestPullingFromSlave: false,
        release: () => undefined,
      };
    }
    return store.getMessage({
      group,
      topic,
      queueId,
      offset: header.queueOffset,
      maxMsgNums: header.maxMsgNums,
      maxBytes: header.maxMsgBytes,
      filter,
    });
  }

  #handle(
    request: RemotingCommand,
    context: RequestContext,
    header: PullMessageRequestHeader,
    checked: CheckedPull,
    filter: SubscriptionFilter | undefined,
    result: GetMessageResult,
    account: PullAccount,
    isFirst: boolean,
  ): void {
    const code = pullResponseCode(result.status, header.queueOffset);
    this.#commit(context, header, result, isFirst);
    if (code === ResponseCode.PULL_NOT_FOUND && isFirst && this.#hold(request, context, header, filter)) {
      result.release();
      return;
    }
    this.#fillResponseHeader(checked, result);
    if (code === ResponseCode.SUCCESS) this.#answerFound(context, header, result, account);
    else this.#answerEmpty(context, header, code, result);
  }

  /** The peer has answers to read before it gets more: it is told to pull again from where it wanted to. */
  #answerBusy(
    context: RequestContext,
    header: PullMessageRequestHeader,
    { topic, group }: CheckedPull,
  ): void {
    const { store } = this.#broker;
    const response = this.#responseHeader;
    response.nextBeginOffset = header.queueOffset;
    response.minOffset = store.minOffsetInQueue(header.topic, header.queueId);
    response.maxOffset = store.maxOffsetInQueue(header.topic, header.queueId);
    response.topicSysFlag = topic.topicSysFlag;
    response.groupSysFlag = group.groupSysFlag;
    response.suggestWhichBrokerId = group.brokerId;
    const remark = 'answers wait to be read';
    const code = ResponseCode.PULL_RETRY_IMMEDIATELY;
    context.respond(RemotingCommand.response(code, remark, response.toExtFields()));
  }

  #fillResponseHeader({ topic, group }: CheckedPull, result: GetMessageResult): void {
    const response = this.#responseHeader;
    response.nextBeginOffset = result.nextBeginOffset;
    response.minOffset = result.minOffset;
    response.maxOffset = result.maxOffset;
    response.topicSysFlag = topic.topicSysFlag;
    response.groupSysFlag = group.groupSysFlag;
    response.suggestWhichBrokerId = this.#suggestBroker(group, result);
  }

  #answerFound(
    context: RequestContext,
    header: PullMessageRequestHeader,
    result: GetMessageResult,
    account: PullAccount,
  ): void {
    const { consumerGroup, topic, queueId } = header;
    const bytes = result.bufferTotalSize;
    this.#broker.stats.recordGet(consumerGroup, topic, queueId, result.messageCount, bytes);
    this.#budget.take(account, bytes);
    context.respondHot(this.#responseHeader, result.buffers, () => {
      result.release();
      this.#budget.give(account, bytes);
    });
  }

  #answerEmpty(
    context: RequestContext,
    header: PullMessageRequestHeader,
    code: number,
    result: GetMessageResult,
  ): void {
    result.release();
    if (code === ResponseCode.PULL_OFFSET_MOVED) this.#logMoved(header, result);
    context.respond(RemotingCommand.response(code, result.status, this.#responseHeader.toExtFields()));
  }

  #commit(
    context: RequestContext,
    header: PullMessageRequestHeader,
    result: GetMessageResult,
    isFirst: boolean,
  ): void {
    const { consumerGroup: group, topic, queueId } = header;
    const { consumerOffsets } = this.#broker;
    consumerOffsets.commitPull(group, topic, queueId, result.nextBeginOffset);
    if (isFirst && (header.sysFlag & PullSysFlag.FLAG_COMMIT_OFFSET) !== 0) {
      consumerOffsets.commit(context.connection.remoteAddress, group, topic, queueId, header.commitOffset);
    }
  }

  #suggestBroker(group: SubscriptionGroupConfig, result: GetMessageResult): number {
    if (!this.#broker.settings.broker.slaveReadEnable) return MixAll.MASTER_ID;
    return result.suggestPullingFromSlave ? group.whichBrokerWhenConsumeSlowly : group.brokerId;
  }

  /** True when the request now waits; false when it must be answered. */
  #hold(
    request: RemotingCommand,
    context: RequestContext,
    header: PullMessageRequestHeader,
    filter: SubscriptionFilter | undefined,
  ): boolean {
    if ((header.sysFlag & PullSysFlag.FLAG_SUSPEND) === 0) return false;
    const { longPollingEnable, shortPollingTimeMills } = this.#broker.settings.broker;
    const timeoutMs = longPollingEnable ? header.suspendTimeoutMillis : shortPollingTimeMills;
    request.forgetBytes();
    const pull = new WaitingPull(this, request, context, header, filter);
    if (!this.#broker.pullHolds.hold(pull, timeoutMs)) return false;
    // A message may have come in while the store read on another thread.
    if (this.#broker.store.maxOffsetInQueue(header.topic, header.queueId) > header.queueOffset) {
      this.#broker.pullHolds.wakeQueue(header.topic, header.queueId);
    }
    return true;
  }

  #logMoved(header: PullMessageRequestHeader, result: GetMessageResult): void {
    this.#broker.logger.info('pull offset corrected', {
      group: header.consumerGroup,
      topic: header.topic,
      queueId: header.queueId,
      requestedOffset: header.queueOffset,
      nextBeginOffset: result.nextBeginOffset,
      status: result.status,
    });
  }
}

class WaitingPull implements HeldPull {
  readonly connection;
  readonly topic: string;
  readonly queueId: number;
  readonly pullFromOffset: number;

  constructor(
    private readonly processor: PullMessageProcessor,
    private readonly request: RemotingCommand,
    private readonly context: RequestContext,
    private readonly header: PullMessageRequestHeader,
    private readonly filter: SubscriptionFilter | undefined,
  ) {
    this.connection = context.connection;
    this.topic = header.topic;
    this.queueId = header.queueId;
    this.pullFromOffset = header.queueOffset;
  }

  matches(tagsCode: number, buffer: Buffer, propertiesStart: number, propertiesEnd: number): boolean {
    const { filter } = this;
    if (filter === undefined) return true;
    if (!filter.matchesTagsCode(tagsCode)) return false;
    return filter.matchesProperties?.(buffer, propertiesStart, propertiesEnd) ?? true;
  }

  wake(): void {
    this.processor.executeLater(this.request, this.context, this.header, false);
  }
}
