import type { MQClientError } from '../errors.js';
import type { TopicPublishInfo } from '../instance/topic-publish-info.js';

/** Before the second attempt at brokers that are busy; longer by as much before each further one. */
const PAUSE_MS = 100;

/**
 * Brokers that refused one send because they are busy or held it up by a limit. Another one is tried at once; where all have
 * refused, to ask again in the same moment would only add to what they are busy with. Upstream asks again at once.
 */
export class BusyBrokers {
  readonly #names = new Set<string>();
  #rounds = 0;

  /** Milliseconds to wait before the next attempt, after `error` of an attempt at that broker. */
  pauseAfter(error: MQClientError, brokerName: string, { queues }: TopicPublishInfo): number {
    if (error.code !== 'BROKER_BUSY') return 0;
    this.#names.add(brokerName);
    if (!queues.every((queue) => this.#names.has(queue.brokerName))) return 0;
    this.#names.clear();
    return ++this.#rounds * PAUSE_MS;
  }
}
