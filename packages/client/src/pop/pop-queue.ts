import type { Clock } from '@mq/remoting';
import type { MessageQueue, PopProcessQueueInfo } from '@mq/remoting/protocol';
import { ProcessQueue } from '../consumer/process-queue.js';

/** What a push consumer holds of a queue it pops: how many messages it has not dealt with. Upstream: PopProcessQueue. */
export class PopQueue {
  /** Says whether handlers may begin and which run; holds no message. */
  readonly processQueue: ProcessQueue;
  /** Wall clock, ms. */
  lastPopTimestamp: number;
  #waitingForAck = 0;

  /** @param messageQueue `queueId` -1: any queue of the broker */
  constructor(
    readonly messageQueue: MessageQueue,
    clock: Clock,
  ) {
    this.processQueue = new ProcessQueue(messageQueue, clock);
    this.lastPopTimestamp = clock.now();
  }

  /** Messages popped and not dealt with. */
  get waitingForAck(): number {
    return this.#waitingForAck;
  }

  popped(messages: number): void {
    this.#waitingForAck += messages;
  }

  /** Handed out, dropped, or too late: no longer this queue's business. */
  done(messages: number): void {
    this.#waitingForAck -= messages;
    this.processQueue.wakePull();
  }

  info(): PopProcessQueueInfo {
    return {
      droped: this.processQueue.isDropped,
      lastPopTimestamp: this.lastPopTimestamp,
      waitAckCount: this.#waitingForAck,
    };
  }
}
