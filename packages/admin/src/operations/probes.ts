import { performance } from 'node:perf_hooks';
import { Producer, type OutgoingMessage, type SendResult } from '@mq/client';
import type { MessageQueue } from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { asAdminError, isAdminError, type AdminError } from '../errors.js';

/** One timed send. */
export interface SendProbe {
  /** Where it was sent. */
  readonly messageQueue: MessageQueue;
  /** From the call to its end, whichever. */
  readonly elapsedMs: number;
  /** Absent when the send failed. */
  readonly result?: SendResult;
  /** Absent when it succeeded. */
  readonly error?: AdminError;
}

const PRODUCER_GROUP = 'mqadmin_probe';

/** Sending a message, measuring how long that takes. */
export class ProbeOperations {
  constructor(private readonly channel: AdminChannel) {}

  /**
   * Sends one message.
   * @param queue exactly there; default any queue of the topic
   * @throws AdminError
   */
  async send(message: OutgoingMessage, queue?: MessageQueue): Promise<SendResult> {
    await using producer = await this.#producer();
    try {
      return await producer.send(message, queue === undefined ? {} : { messageQueue: queue });
    } catch (error) {
      throw asAdminError(error);
    }
  }

  /**
   * Sends messages one after the other, to each queue of the topic in turn, and times each send.
   * @param options.warmUp messages sent before, not reported; default 0
   * @throws AdminError when the topic has no queue to send to; a failed send is reported, not thrown
   */
  async *measure(
    topic: string,
    options: { count: number; body: string; warmUp?: number },
  ): AsyncGenerator<SendProbe, void, undefined> {
    await using producer = await this.#producer();
    const { count, body, warmUp = 0 } = options;
    let queues: MessageQueue[];
    try {
      queues = await producer.fetchPublishMessageQueues(topic);
      for (let i = 0; i < warmUp; i++) await producer.send({ topic, body });
    } catch (error) {
      throw asAdminError(error);
    }
    for (let i = 0; i < count; i++) {
      yield await timedSend(producer, { topic, body }, queues[i % queues.length] as MessageQueue);
    }
  }

  async #producer(): Promise<Producer> {
    const producer = new Producer({ ...this.channel.clientOptions(), producerGroup: PRODUCER_GROUP });
    await producer.start();
    return producer;
  }
}

async function timedSend(
  producer: Producer,
  message: OutgoingMessage,
  messageQueue: MessageQueue,
): Promise<SendProbe> {
  const startMs = performance.now();
  try {
    const result = await producer.send(message, { messageQueue });
    return { messageQueue, elapsedMs: performance.now() - startMs, result };
  } catch (cause) {
    const error = asAdminError(cause);
    if (!isAdminError(error)) throw error;
    return { messageQueue, elapsedMs: performance.now() - startMs, error };
  }
}
