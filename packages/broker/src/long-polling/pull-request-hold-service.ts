// Long polling (upstream: PullRequestHoldService). A pull that found nothing waits here until a message that its filter
// lets through arrives, its time is over, or its connection closes.
//
// What it costs: an arrival with nobody waiting is two map look-ups; a waiting pull has no timer of its own (`holds.ts`).
import { type Clock, LinkedList, type Timer, type TurnScheduler } from '@mq/remoting';

import type { HeldPull } from './held-pull.js';
import { type Hold, type HoldPlace, Holds } from './holds.js';

/** Arrivals wake pulls at once; this sweep is the safety net upstream has too. */
const SWEEP_MS = 5_000;

const NO_PROPERTIES: Buffer = Buffer.alloc(0);

export interface HoldLimits {
  /** Pulls held for all connections together. */
  readonly total: number;
  readonly perConnection: number;
}

/** The pulls that wait for one queue. */
class PulledQueue implements HoldPlace<HeldPull, PulledQueue> {
  readonly holds: LinkedList<Hold<HeldPull, PulledQueue>> = new LinkedList();
}

export interface PullRequestHoldDeps {
  readonly clock: Clock;
  readonly turn: TurnScheduler;
  /** Read for each new hold, so that changed settings count at once. */
  readonly limits: () => HoldLimits;
  /** Next queue offset consumers will see. */
  readonly maxOffsetInQueue: (topic: string, queueId: number) => number;
}

export class PullRequestHoldService {
  readonly #deps: PullRequestHoldDeps;
  /** By topic and queue id; those nobody waits for stay until the next sweep, for the pull that follows. */
  readonly #queues = new Map<string, Map<number, PulledQueue>>();
  readonly #holds: Holds<HeldPull, PulledQueue>;
  #sweeper: Timer | undefined;

  constructor(deps: PullRequestHoldDeps) {
    this.#deps = deps;
    this.#holds = new Holds(deps);
  }

  /** Pulls waiting now. */
  get size(): number {
    return this.#holds.size;
  }

  /** Queues that somebody waits for, or waited for a moment ago. */
  get queueCount(): number {
    let count = 0;
    for (const ofTopic of this.#queues.values()) count += ofTopic.size;
    return count;
  }

  start(): void {
    this.#sweeper ??= this.#deps.clock.setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref?.();
  }

  /**
   * Holds a pull for at most `timeoutMs`. False when a bound is reached or the service is closed: the caller answers
   * at once, which a client takes as an ordinary empty answer.
   */
  hold(pull: HeldPull, timeoutMs: number): boolean {
    const { connection, topic, queueId } = pull;
    const { total, perConnection } = this.#deps.limits();
    if (!this.#holds.takes(connection) || this.#holds.size >= total) return false;
    if (this.#holds.countOf(connection) >= perConnection) return false;
    this.#holds.add(pull, this.#queueOf(topic, queueId), timeoutMs);
    return true;
  }

  /** Hot path: a message became visible. `nextQueueOffset` is its queue offset + 1. */
  notifyArrival(
    topic: string,
    queueId: number,
    nextQueueOffset: number,
    tagsCode: number,
    buffer = NO_PROPERTIES,
    propertiesStart = 0,
    propertiesEnd = 0,
  ): void {
    const queue = this.#queues.get(topic)?.get(queueId);
    if (queue === undefined) return;
    for (let node = queue.holds.first; node !== undefined;) {
      const { value: hold, next } = node;
      node = next;
      const pull = hold.request;
      if (nextQueueOffset <= pull.pullFromOffset) continue;
      if (pull.matches(tagsCode, buffer, propertiesStart, propertiesEnd)) this.#holds.wakeLater(hold);
    }
  }

  /** Wakes whoever waits for a queue, whatever arrived (topic deleted, offset reset). */
  wakeQueue(topic: string, queueId: number): void {
    const queue = this.#queues.get(topic)?.get(queueId);
    if (queue === undefined) return;
    for (const hold of queue.holds) this.#holds.wakeLater(hold);
  }

  /** Wakes every pull a last time and takes no more; the consumers get their ordinary empty answers. */
  close(): void {
    this.#sweeper?.cancel();
    this.#holds.close();
  }

  #queueOf(topic: string, queueId: number): PulledQueue {
    let ofTopic = this.#queues.get(topic);
    if (ofTopic === undefined) this.#queues.set(topic, (ofTopic = new Map()));
    let queue = ofTopic.get(queueId);
    if (queue === undefined) ofTopic.set(queueId, (queue = new PulledQueue()));
    return queue;
  }

  /** Forgets queues nobody waits for, and wakes whose message was never announced. */
  #sweep(): void {
    for (const [topic, ofTopic] of this.#queues) {
      for (const [queueId, queue] of ofTopic) {
        if (queue.holds.size === 0) ofTopic.delete(queueId);
        else this.#sweepQueue(queue, this.#deps.maxOffsetInQueue(topic, queueId));
      }
      if (ofTopic.size === 0) this.#queues.delete(topic);
    }
  }

  #sweepQueue(queue: PulledQueue, maxOffset: number): void {
    for (const hold of queue.holds) if (maxOffset > hold.request.pullFromOffset) this.#holds.wakeLater(hold);
  }
}
