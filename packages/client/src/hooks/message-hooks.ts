import type { Logger } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import type {
  ConsumeObserved,
  ConsumeObserver,
  ConsumeOutcomeObserved,
  EndTransactionObserved,
  MessageHook,
  MessageType,
  RecallObserved,
} from './message-hook.js';
import { Sending, guarded, type SendFacts } from './sending.js';

/**
 * The hooks of one producer or consumer. Those without any hold `undefined` instead of one of these, so that what nobody
 * watches costs one comparison.
 */
export class MessageHooks {
  constructor(
    private readonly hooks: readonly MessageHook[],
    private readonly logger: Logger,
  ) {}

  start(): void {
    for (const hook of this.hooks) guarded(this.logger, () => hook.start?.());
  }

  async close(timeoutMs: number): Promise<void> {
    await Promise.allSettled(this.hooks.map((hook) => hook.close?.(timeoutMs)));
  }

  /** A send begins; hooks may add properties now. */
  beginSend(facts: SendFacts): Sending {
    return new Sending(facts, this.hooks, this.logger);
  }

  /** A delivery begins. */
  beginConsume(consume: ConsumeObserved): Required<ConsumeObserver> {
    const observers: ConsumeObserver[] = [];
    for (const hook of this.hooks) {
      const observer = guarded(this.logger, () => hook.onConsume?.(consume));
      if (observer) observers.push(observer);
    }
    return {
      run: (handler) => {
        // The first hook is the outermost.
        let call = handler;
        for (const observer of observers.toReversed()) {
          const inner = call;
          if (observer.run !== undefined)
            call = () => (observer.run as NonNullable<typeof observer.run>)(inner);
        }
        return call();
      },
      end: (outcome: ConsumeOutcomeObserved) => {
        for (const observer of observers) guarded(this.logger, () => observer.end?.(outcome));
      },
    };
  }

  endTransaction(end: EndTransactionObserved): void {
    for (const hook of this.hooks) guarded(this.logger, () => hook.onEndTransaction?.(end));
  }

  recall(recall: RecallObserved): void {
    for (const hook of this.hooks) guarded(this.logger, () => hook.onRecall?.(recall));
  }
}

/** What kind of message these properties make. Upstream: DefaultMQProducerImpl.sendKernelImpl. */
export function messageTypeOf(properties: Readonly<Record<string, string>>): MessageType {
  if (
    properties[MessageConst.DELAY_TIME_LEVEL] !== undefined ||
    properties[MessageConst.TIMER_DELAY_MS] !== undefined ||
    properties[MessageConst.TIMER_DELIVER_MS] !== undefined ||
    properties[MessageConst.TIMER_DELAY_SEC] !== undefined
  )
    return 'DELAY';
  return properties[MessageConst.TRANSACTION_PREPARED] === 'true' ? 'TRANS_HALF' : 'NORMAL';
}
