import type { Clock, Connection } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';

import { RequestRefused } from '../request-refused.js';
import { TokenBucket } from './token-bucket.js';
import { TopicNumbers } from './topic-numbers.js';

/** The settings that rates come from. */
export interface SendRateSettings {
  readonly sendRatePerClient: number;
  readonly sendRatePerTopic: number;
  readonly sendRates: readonly string[];
}

/** Key of the bucket in a connection's attributes. */
const BUCKET: unique symbol = Symbol('send rate');

/** How many messages a second topics and clients may send. */
export class SendRates {
  readonly #clock: Clock;
  readonly #isExempt: (topic: string) => boolean;
  readonly #byTopic = new Map<string, TokenBucket>();
  #ofTopics = new TopicNumbers(0, []);
  #perClient = 0;
  /** Read before every send: no limit costs one test. */
  isActive = false;

  /** @param isExempt whether a topic is never held up */
  constructor(clock: Clock, settings: SendRateSettings, isExempt: (topic: string) => boolean) {
    this.#clock = clock;
    this.#isExempt = isExempt;
    this.update(settings);
  }

  /** Takes other settings over at once. */
  update(settings: SendRateSettings): void {
    this.#ofTopics = new TopicNumbers(settings.sendRatePerTopic, settings.sendRates);
    this.#perClient = settings.sendRatePerClient;
    this.isActive = this.#perClient > 0 || this.#ofTopics.isSet;
    for (const topic of this.#byTopic.keys()) if (this.#ofTopics.of(topic) === 0) this.#byTopic.delete(topic);
  }

  /** Forgets a topic that is no more. */
  forget(topic: string): void {
    this.#byTopic.delete(topic);
  }

  /**
   * Counts `messages` against both limits, or none of them.
   * @throws RequestRefused SYSTEM_BUSY, saying which limit, and when to come again
   */
  take(topic: string, connection: Connection, messages: number): void {
    if (this.#isExempt(topic)) return;
    const nowMs = this.#clock.monotonic();
    const ofTopic = this.#topicBucket(topic, nowMs);
    const ofClient = this.#clientBucket(connection, nowMs);
    assertRoom(ofTopic, messages, nowMs, (rate) => {
      return `topic ${topic} may be sent ${rate} messages a second (sendRates, sendRatePerTopic)`;
    });
    assertRoom(ofClient, messages, nowMs, (rate) => {
      return `client ${connection.remoteAddress} may send ${rate} messages a second (sendRatePerClient)`;
    });
    ofTopic?.tryTake(messages, nowMs);
    ofClient?.tryTake(messages, nowMs);
  }

  #topicBucket(topic: string, nowMs: number): TokenBucket | undefined {
    const rate = this.#ofTopics.of(topic);
    if (rate === 0) return undefined;
    const bucket = withRate(this.#byTopic.get(topic), rate, nowMs);
    this.#byTopic.set(topic, bucket);
    return bucket;
  }

  #clientBucket(connection: Connection, nowMs: number): TokenBucket | undefined {
    if (this.#perClient === 0) return undefined;
    const known = connection.attributes.get(BUCKET) as TokenBucket | undefined;
    const bucket = withRate(known, this.#perClient, nowMs);
    if (bucket !== known) connection.attributes.set(BUCKET, bucket);
    return bucket;
  }
}

function withRate(bucket: TokenBucket | undefined, rate: number, nowMs: number): TokenBucket {
  if (bucket === undefined) return new TokenBucket(rate, nowMs);
  if (bucket.ratePerSecond !== rate) bucket.setRate(rate, nowMs);
  return bucket;
}

function assertRoom(
  bucket: TokenBucket | undefined,
  messages: number,
  nowMs: number,
  limit: (ratePerSecond: number) => string,
): void {
  const waitMs = bucket?.msUntil(messages, nowMs) ?? 0;
  if (bucket === undefined || waitMs === 0) return;
  throw new RequestRefused(
    ResponseCode.SYSTEM_BUSY,
    `[RATE_LIMIT]${limit(bucket.ratePerSecond)}; try again in ${waitMs} ms`,
  );
}
