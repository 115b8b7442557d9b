// A consumer group that is watched: what its handler was given, how often, and in which order.
import { importSource } from './sources.mjs';

const { PushConsumer } = await importSource('@mq/client');

/** Quicker than the defaults, so that a campaign of seconds sees what takes minutes in operation. */
export const QUICK = {
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  pullTimeDelayMillsWhenException: 100,
  persistConsumerOffsetInterval: 200,
  rebalanceIntervalMs: 1_000,
  routeRefreshIntervalMs: 1_000,
  heartbeatIntervalMs: 1_000,
};

export class GroupWatch {
  /** body -> times it was delivered */
  delivered = new Map();
  duplicates = 0;
  #options;
  #consumer;

  constructor({ nameServer, group, topic }) {
    this.group = group;
    this.topic = topic;
    this.#options = { ...QUICK, nameServers: [nameServer.address], consumerGroup: group };
  }

  get isRunning() {
    return this.#consumer !== undefined;
  }

  async start() {
    this.#consumer = new PushConsumer(this.#options);
    this.#consumer.subscribe(this.topic, '*', (messages) => {
      for (const message of messages) this.#note(message.body.toString());
    });
    await this.#consumer.start();
  }

  /** Ends the consumer and forgets it; the group's offsets stay with the broker. */
  async stop() {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.close({ timeoutMs: 5_000 });
  }

  #note(body) {
    const times = (this.delivered.get(body) ?? 0) + 1;
    this.delivered.set(body, times);
    if (times > 1) this.duplicates++;
  }

  /** Of these bodies, those the group was never given. */
  missing(bodies) {
    return bodies.filter((body) => !this.delivered.has(body));
  }
}
