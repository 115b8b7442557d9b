import { MessageConst, UniqIdGenerator } from '@mq/remoting/message';
import { MixAll } from '@mq/remoting/protocol';
import type { Clock } from '@mq/remoting';
import type { ReceivedMessage } from '../consumer/received-message.js';
import type {
  ConsumeObserved,
  ConsumeObserver,
  ConsumeOutcomeObserved,
  EndTransactionObserved,
  MessageHook,
  RecallObserved,
  SendObserved,
  SendOutcome,
} from '../hooks/message-hook.js';
import type { SubBeforeTrace, Trace } from './trace-context.js';
import type { TraceDispatcher } from './trace-dispatcher.js';

/**
 * Makes trace data of what a producer or consumer does. Upstream: SendMessageTraceHookImpl, ConsumeMessageTraceHookImpl,
 * EndTransactionTraceHookImpl, DefaultRecallMessageTraceHook. Unlike there, each message of a batch has a record of its own,
 * so that it can be found by its id.
 */
export class TraceHook implements MessageHook {
  readonly #ids: UniqIdGenerator;

  constructor(
    private readonly dispatcher: Pick<TraceDispatcher, 'append' | 'traceTopic' | 'start' | 'close'>,
    private readonly clock: Clock,
  ) {
    this.#ids = new UniqIdGenerator({ clock });
  }

  start(): void {
    this.dispatcher.start();
  }

  close(timeoutMs: number): Promise<void> {
    return this.dispatcher.close(timeoutMs);
  }

  /** Only what a broker stored leaves a trace, and only if that broker wants it. */
  onSend(send: SendObserved): ((outcome: SendOutcome) => void) | undefined {
    if (send.topic.startsWith(this.dispatcher.traceTopic)) return undefined;
    return ({ result }) => {
      if (result === undefined || !result.traceOn) return;
      const offsetMsgIds = result.offsetMsgId.split(',');
      const traces = send.messages.map(({ msgId, bodyLength, properties }, at): Trace => ({
        type: 'Pub',
        timestamp: send.attemptStartedAt,
        regionId: result.regionId,
        group: send.producerGroup,
        topic: send.topic,
        msgId,
        tags: properties[MessageConst.TAGS],
        keys: properties[MessageConst.KEYS],
        storeHost: send.brokerAddress ?? '',
        bodyLength,
        costTime: Math.max(0, this.clock.now() - send.attemptStartedAt),
        messageType: send.messageType,
        offsetMsgId: offsetMsgIds[at],
        success: result.status === 'SEND_OK',
      }));
      this.dispatcher.append(traces);
    };
  }

  onConsume(consume: ConsumeObserved): ConsumeObserver | undefined {
    const timestamp = this.clock.now();
    const requestId = this.#ids.next();
    const before = consume.messages
      .filter((message) => message.properties[MessageConst.TRACE_SWITCH] !== 'false')
      .map((message) => subBefore(message, consume.consumerGroup, requestId, timestamp));
    if (before.length === 0) return undefined;
    this.dispatcher.append(before);
    return { end: (outcome) => this.#consumed(before, consume.messages.length, outcome) };
  }

  onEndTransaction(end: EndTransactionObserved): void {
    this.dispatcher.append([
      {
        type: 'EndTransaction',
        timestamp: this.clock.now(),
        regionId: end.properties[MessageConst.MSG_REGION] || MixAll.DEFAULT_TRACE_REGION_ID,
        group: end.producerGroup,
        topic: end.topic,
        msgId: end.msgId,
        tags: end.properties[MessageConst.TAGS],
        keys: end.properties[MessageConst.KEYS],
        storeHost: end.brokerAddress,
        messageType: 'TRANS_COMMIT',
        transactionId: end.transactionId,
        transactionState: end.transactionState,
        fromTransactionCheck: end.fromTransactionCheck,
      },
    ]);
  }

  onRecall({ topic, producerGroup, msgId, regionId, success }: RecallObserved): void {
    const timestamp = this.clock.now();
    this.dispatcher.append([
      { type: 'Recall', timestamp, regionId, group: producerGroup, topic, msgId, success },
    ]);
  }

  #consumed(
    before: readonly SubBeforeTrace[],
    deliveredCount: number,
    outcome: ConsumeOutcomeObserved,
  ): void {
    const timestamp = this.clock.now();
    this.dispatcher.append(
      before.map(({ timestamp: startedAt, regionId, group, topic, requestId, msgId, keys }): Trace => {
        const costTime = Math.max(0, Math.floor((timestamp - startedAt) / deliveredCount));
        const { success, returnType } = outcome;
        return {
          type: 'SubAfter',
          ...{ timestamp, regionId, group, topic, requestId, msgId, keys },
          ...{ costTime, success, returnType },
        };
      }),
    );
  }
}

function subBefore(
  message: ReceivedMessage,
  group: string,
  requestId: string,
  timestamp: number,
): SubBeforeTrace {
  return {
    type: 'SubBefore',
    timestamp,
    // 4.9.7 brokers store no region; upstream's consumers then leave no trace at all.
    regionId: message.properties[MessageConst.MSG_REGION] || MixAll.DEFAULT_TRACE_REGION_ID,
    group,
    topic: message.topic,
    requestId,
    msgId: message.msgId,
    retryTimes: message.reconsumeTimes,
    keys: message.properties[MessageConst.KEYS],
  };
}
