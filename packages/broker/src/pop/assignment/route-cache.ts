import type { Clock } from '@mq/remoting';
import type { MessageQueue } from '@mq/remoting/protocol';

/** Routes remembered; asking for more forgets the oldest. */
const MAX_TOPICS = 10_000;

interface Route {
  readonly queues: readonly MessageQueue[];
  readonly askedAtMs: number;
}

/** Queues of topics on all brokers, as a NameServer knows them (upstream: TopicRouteInfoManager). */
export class RouteCache {
  readonly #routes = new Map<string, Route>();

  /**
   * @param ask the queues of a topic on all brokers; undefined when no NameServer knows it
   * @param maxAgeMs read at each use
   */
  constructor(
    private readonly ask: (topic: string) => Promise<readonly MessageQueue[] | undefined>,
    private readonly clock: Clock,
    private readonly maxAgeMs: () => number,
  ) {}

  /** Readable queues of the topic on all brokers. When no NameServer answers, what it said before. */
  async queuesOf(topic: string): Promise<readonly MessageQueue[] | undefined> {
    const known = this.#routes.get(topic);
    const now = this.clock.monotonic();
    if (known !== undefined && now - known.askedAtMs < this.maxAgeMs()) return known.queues;
    const queues = await this.ask(topic);
    if (queues === undefined) return known?.queues;
    this.#routes.delete(topic);
    this.#routes.set(topic, { queues, askedAtMs: now });
    for (const [oldest] of this.#routes) {
      if (this.#routes.size <= MAX_TOPICS) break;
      this.#routes.delete(oldest);
    }
    return queues;
  }
}
