// POP_MESSAGE: takes messages of a group's queues that nobody of the group has, for a time in which only this consumer may
// acknowledge them (upstream: PopMessageProcessor).
import { RemotingCommand, type RequestContext } from '@mq/remoting';
import {
  PopMessageRequestHeader,
  PopMessageResponseHeader,
  popRetryTopicV1,
  popRetryTopicV2,
  ResponseCode,
  type TopicConfig,
} from '@mq/remoting/protocol';
import type { MessageFilter } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import { announcedSubscription } from '../../client/announced-subscription.js';
import { responseToError } from '../../request-table.js';
import { announcedFilter } from '../../filter/message-filter.js';
import { RequestRefused } from '../../request-refused.js';
import type { PullAccount } from '../../processor/pull/pull-budget.js';
import type { HeldPop } from '../pop-long-polling.js';
import { checkBrokerReadable, checkRetryTopicName, checkTarget } from './pop-checks.js';
import { PopPass, type PopSource } from './pop-pass.js';

/** Most messages of one pop: a checkpoint has 32 bits. */
const MAX_MESSAGES = 32;
/** A request so much older than its time is refused unserved (upstream: PopMessageRequestHeader#isTimeoutTooMuch). */
const TOO_LATE_MS = 500;

interface PopRequest {
  readonly request: RemotingCommand;
  readonly context: RequestContext;
  readonly header: PopMessageRequestHeader;
  readonly topic: TopicConfig;
  readonly filter: MessageFilter | undefined;
}

export class PopMessageProcessor {
  readonly #broker: BrokerParts;

  constructor(broker: BrokerParts) {
    this.#broker = broker;
  }

  /** Serves 200050. */
  readonly pop = (request: RemotingCommand, context: RequestContext): undefined | Promise<undefined> => {
    const checked = this.#check(request, context);
    request.forgetBytes();
    return this.#execute(checked);
  };

  #check(request: RemotingCommand, context: RequestContext): PopRequest {
    const broker = this.#broker;
    const ext = request.extFields;
    if (ext['bornTime'] === undefined || ext['bornTime'] === '0')
      ext['bornTime'] = String(broker.clock.now());
    const header = PopMessageRequestHeader.decode(ext);
    const { exp, expType } = header;
    if (broker.clock.now() - header.bornTime - header.pollTime > TOO_LATE_MS) {
      const remark = `the broker[${broker.identity.brokerAddr}] pop message is timeout too much`;
      throw new RequestRefused(ResponseCode.POLLING_TIMEOUT, remark);
    }
    checkBrokerReadable(broker, 'pop');
    if (header.maxMsgNums > MAX_MESSAGES) {
      const remark = `the broker[${broker.identity.brokerAddr}] pop message's num is greater than 32`;
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, remark);
    }
    const checked = checkTarget(broker, header, context.connection.remoteAddress);
    // What was popped in order stays in its queue.
    if (header.order !== true) checkRetryTopicName(header.topic, header.consumerGroup);
    // As upstream: without an expression the type does not matter, and every message is wanted.
    const type = exp ? expType : undefined;
    const subscription = announcedSubscription(broker.consumers, header, exp, type, 'CONSUME_POP');
    const filter = announcedFilter(broker, header.consumerGroup, subscription);
    return { request, context, header, topic: checked.topic, filter };
  }

  #execute(pop: PopRequest): undefined | Promise<undefined> {
    const { header, context, filter } = pop;
    const { budget } = this.#broker.pop;
    const account = budget.accountFor(context.connection);
    if (account === undefined) {
      if (budget.waitFor(context.connection, () => this.#executeLater(pop))) return undefined;
      this.#answerEmpty(pop, undefined, ResponseCode.POLLING_FULL, 'answers wait to be read');
      return undefined;
    }
    // Before that a pop finds nothing, and waits if it may.
    const sources = this.#broker.pop.isReady ? this.#sources(pop) : [];
    const { remoteAddress } = context.connection;
    const done = (pass: PopPass): void => this.#finish(pop, account, pass);
    return new PopPass(this.#broker, header, sources, filter, remoteAddress, done).run();
  }

  /** A pass outside the request's own call: nobody else would answer for what it throws. */
  #executeLater(pop: PopRequest): void {
    const answerError = (error: unknown): void =>
      pop.context.respond(responseToError(error, pop.request, this.#broker.logger));
    try {
      this.#execute(pop)?.catch(answerError);
    } catch (error) {
      answerError(error);
    }
  }

  /** The queues in the order they are asked: sometimes retries first, so that they are not left behind for ever. */
  #sources({ header, topic }: PopRequest): PopSource[] {
    const settings = this.#broker.settings.broker;
    const isOrder = header.order ?? false;
    const dice = Math.floor(this.#broker.random() * 100);
    const retriesFirst = dice < settings.popFromRetryProbability;
    const sources: PopSource[] = [];
    if (!isOrder && retriesFirst) this.#addRetries(sources, header, dice);
    if (header.queueId < 0) addQueues(sources, topic, dice);
    else sources.push({ topic: header.topic, queueId: header.queueId });
    if (!isOrder && !retriesFirst) this.#addRetries(sources, header, dice);
    return sources;
  }

  #addRetries(sources: PopSource[], { topic, consumerGroup }: PopMessageRequestHeader, dice: number): void {
    const { topicConfig, settings } = this.#broker;
    const { enableRetryTopicV2, retrieveMessageFromPopRetryTopicV1 } = settings.broker;
    const isV1 = !enableRetryTopicV2 || (retrieveMessageFromPopRetryTopicV1 && dice % 2 === 0);
    const name = isV1 ? popRetryTopicV1(topic, consumerGroup) : popRetryTopicV2(topic, consumerGroup);
    const retry = topicConfig.select(name);
    if (retry !== undefined) addQueues(sources, retry, dice);
  }

  #finish(pop: PopRequest, account: PullAccount, pass: PopPass): void {
    const { header, context } = pop;
    const { polling } = this.#broker.pop;
    if (pass.messages === 0) {
      this.#hold(pop, pass);
      return;
    }
    if (pass.rest > 0) polling.notify(header.topic, header.consumerGroup, header.queueId);
    const ext = this.#responseExt(header, pass);
    const response = RemotingCommand.response(ResponseCode.SUCCESS, 'FOUND', ext);
    const { budget } = this.#broker.pop;
    const { bytes } = pass;
    budget.take(account, bytes);
    response.bodyParts = pass.buffers;
    response.onReleased = () => {
      pass.release();
      budget.give(account, bytes);
    };
    context.respond(response);
  }

  #hold(pop: PopRequest, pass: PopPass): void {
    const { header } = pop;
    const { polling } = this.#broker.pop;
    const dueAtMs = header.bornTime + header.pollTime;
    if (header.pollTime <= 0 || dueAtMs <= this.#broker.clock.now()) {
      this.#answerEmpty(pop, pass, ResponseCode.POLLING_TIMEOUT, 'NO_MESSAGE_IN_QUEUE');
      return;
    }
    if (!polling.hold(new WaitingPop(pop, () => this.#executeLater(pop)), dueAtMs)) {
      this.#answerEmpty(pop, pass, ResponseCode.POLLING_FULL, 'NO_MESSAGE_IN_QUEUE');
      return;
    }
    // The pop that held a queue may have ended before this one waited, and so not have woken it.
    if (pass.lockedQueues.some((queue) => !queue.isLocked)) {
      polling.notify(header.topic, header.consumerGroup, header.queueId);
    }
  }

  #answerEmpty(pop: PopRequest, pass: PopPass | undefined, code: number, remark: string): void {
    pop.context.respond(RemotingCommand.response(code, remark, this.#responseExt(pop.header, pass)));
  }

  #responseExt(header: PopMessageRequestHeader, pass: PopPass | undefined): Record<string, string> {
    return PopMessageResponseHeader.encode({
      popTime: pass?.popTime ?? this.#broker.clock.now(),
      invisibleTime: header.invisibleTime,
      reviveQid: pass?.reviveQueueId ?? 0,
      restNum: pass?.rest ?? 0,
      startOffsetInfo: pass?.startOffsets.join(';') ?? '',
      msgOffsetInfo: pass?.msgOffsets.join(';') ?? '',
      orderCountInfo: header.order === true ? (pass?.orderCounts.join(';') ?? '') : undefined,
    });
  }
}

function addQueues(sources: PopSource[], { topicName, readQueueNums }: TopicConfig, first: number): void {
  for (let index = 0; index < readQueueNums; index++) {
    sources.push({ topic: topicName, queueId: (first + index) % readQueueNums });
  }
}

class WaitingPop implements HeldPop {
  readonly connection;
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  readonly #filter: MessageFilter | undefined;

  constructor(
    { context, header, filter }: PopRequest,
    readonly wake: () => void,
  ) {
    this.connection = context.connection;
    this.topic = header.topic;
    this.group = header.consumerGroup;
    this.queueId = header.queueId;
    this.#filter = filter;
  }

  matches(tagsCode: number): boolean {
    return this.#filter === undefined || this.#filter.matchesTagsCode(tagsCode);
  }
}
