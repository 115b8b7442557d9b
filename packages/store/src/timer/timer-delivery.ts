// Brings messages of the timer topic to their real topics, or, when they are due later than the wheel looks ahead, back into
// the timer topic; as often as it takes.
//
// Deliberate difference: upstream gives a message up after three attempts unless timerEnableRetryUntilSuccess is set. Here
// only a message that no store would take is given up.
import { decodeProperties, encodeProperties, MessageConst, PropertySlot } from '@mq/remoting/message';
import { TIMER_TOPIC } from '@mq/remoting/protocol';
import type { AppendMessage, PutStatus } from '../message-store.js';
import { isStored } from '../redelivery/redelivery.js';
import type { StoredRecord } from '../redelivery/stored-record.js';
import type { TimerParts } from './timer-parts.js';
import { isRolled } from './timer-unit.js';

/** Pause between attempts at a precision of one second. */
const RETRY_MS = 500;
/** TIMER_ENQUEUE_MS of a message that never was in the wheel (Java's Long.MAX_VALUE). */
const NEVER_ENQUEUED = '9223372036854775807';

const HOPELESS: ReadonlySet<PutStatus> = new Set(['MESSAGE_ILLEGAL', 'PROPERTIES_SIZE_EXCEEDED']);

/** A message on its way out of the wheel. */
export interface DueMessage {
  readonly commitLogOffset: number;
  readonly sizeBytes: number;
  readonly magic: number;
  /** When it was put into the wheel, ms; undefined when it came too late for that. */
  readonly enqueuedMs: number | undefined;
  /** Its slot, ms: no message may leave that wants to stay longer. */
  readonly dueMs: number;
}

const NO_RECALLS: ReadonlySet<string> = new Set();

export class TimerDelivery {
  readonly #parts: TimerParts;
  /** Properties added to the last message, as bytes: messages of one slot mostly share them. */
  #suffix = Buffer.alloc(0);
  #suffixOf: number | undefined = -1;
  #suffixAtMs = -1;
  /** Ends the pause between two attempts. */
  #wake: (() => void) | undefined;

  constructor(parts: TimerParts) {
    this.#parts = parts;
  }

  /** Does not wait for the next attempt any longer: whether delivery is allowed has changed. */
  wake(): void {
    this.#wake?.();
  }

  /**
   * Delivers all, oldest first, except those that were recalled.
   * @param attempts how often it is tried, a pause apart
   * @returns false when delivery was forbidden, or failed as often, before all were stored
   */
  async deliver(
    messages: readonly DueMessage[],
    recalls: ReadonlySet<string> = NO_RECALLS,
    attempts = Infinity,
  ): Promise<boolean> {
    const { redelivery, logger, mayDeliver } = this.#parts;
    let left = messages;
    for (let attempt = 1; left.length > 0; attempt++) {
      if (!mayDeliver()) return false;
      const batch = left;
      const bare = attempt > 1;
      const outcomes = await redelivery.deliver(batch, (index, record, message) =>
        this.#route(batch[index]!, record, message, recalls, bare),
      );
      left = batch.filter((_, index) => {
        const status = outcomes[index];
        if (status === undefined || isStored(status)) return false;
        if (!HOPELESS.has(status)) return true;
        // Only the added properties may have made it too long: the second attempt leaves them out.
        if (!bare) return true;
        logger.error('timer message given up: no store takes it', { status, ...batch[index] });
        return false;
      });
      if (left.length === 0) break;
      const status = outcomes.find((outcome) => outcome !== undefined && !isStored(outcome));
      logger.warn('timer messages not delivered yet', { count: left.length, attempt, status });
      if (attempt === attempts) return false;
      await this.#pause();
    }
    return true;
  }

  /** Fills `message`; false: the record is not to be delivered. */
  #route(
    due: DueMessage,
    record: StoredRecord | undefined,
    message: AppendMessage,
    recalls: ReadonlySet<string>,
    bare: boolean,
  ): boolean {
    const { logger, wheel } = this.#parts;
    const { commitLogOffset, magic } = due;
    const topic = record?.realTopic;
    const queueId = record?.realQueueId ?? -1;
    if (record === undefined || record.topic !== TIMER_TOPIC || topic === undefined || queueId < 0) {
      logger.error('timer message skipped: its record is gone or damaged', { commitLogOffset });
      return false;
    }
    const { properties } = record;
    const rolled = isRolled(magic);
    // The record may tell a time between two slots: timerPrecisionMs was finer when it was sent.
    if (!rolled && wheel.floor(properties.integer(PropertySlot.TIMER_OUT_MS, 0)) > due.dueMs) {
      logger.error('timer message skipped: its unit leads to the record of another one', { commitLogOffset });
      return false;
    }
    const isRecall = properties.has(PropertySlot.TIMER_DEL_UNIQKEY);
    if (!bare && due.enqueuedMs !== undefined) this.#parts.counts.add(topic, isRecall ? 1 : -1);
    if (recalls.size > 0 && recalls.has(recallKey(topic, properties.text(PropertySlot.UNIQ_KEY) ?? '')))
      return false;
    // A recall that was not in the wheel in time has nothing left to recall.
    if (isRecall && !rolled) return false;
    record.copyTo(message, rolled ? TIMER_TOPIC : topic, rolled ? 0 : queueId);
    if (rolled || properties.has(PropertySlot.TIMER_ROLL_TIMES)) this.#rewrite(message, due, rolled);
    else if (!bare) message.propertiesSuffix = this.#added(due);
    return true;
  }

  /** The general path, for properties that are there already. */
  #rewrite(message: AppendMessage, due: DueMessage, rolled: boolean): void {
    const properties = decodeProperties(message.properties.toString('utf8'));
    const times = Number(properties[MessageConst.TIMER_ROLL_TIMES] ?? 0);
    if (rolled) properties[MessageConst.TIMER_ROLL_TIMES] = String(times + 1);
    properties[MessageConst.TIMER_ENQUEUE_MS] = enqueuedText(due);
    properties[MessageConst.TIMER_DEQUEUE_MS] = String(this.#parts.clock.now());
    message.properties = Buffer.from(encodeProperties(properties));
  }

  #added(due: DueMessage): Buffer {
    const nowMs = this.#parts.clock.now();
    if (due.enqueuedMs !== this.#suffixOf || nowMs !== this.#suffixAtMs) {
      this.#suffixOf = due.enqueuedMs;
      this.#suffixAtMs = nowMs;
      const text = encodeProperties({
        [MessageConst.TIMER_ENQUEUE_MS]: enqueuedText(due),
        [MessageConst.TIMER_DEQUEUE_MS]: String(nowMs),
      });
      this.#suffix = Buffer.from(text, 'latin1');
    }
    return this.#suffix;
  }

  #pause(): Promise<void> {
    const { clock, wheel } = this.#parts;
    const ms = Math.max(1, (RETRY_MS * wheel.precisionMs) / 1000);
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** What a recall names its message by: TIMER_DEL_UNIQKEY (upstream TimerMessageStore#buildDeleteKey, since 5.3.3). */
export function recallKey(realTopic: string, uniqKey: string): string {
  return `${realTopic}+${uniqKey}`;
}

function enqueuedText({ enqueuedMs }: DueMessage): string {
  return enqueuedMs === undefined ? NEVER_ENQUEUED : String(enqueuedMs);
}
