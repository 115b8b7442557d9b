// Long polling (upstream: PullRequestHoldService). A pull that found nothing waits here until a message that its filter
// lets through arrives, its time is over, or its connection closes.
//
// What it costs: an arrival with nobody waiting is two map look-ups. Wake-ups of one loop turn are gathered and run
// together at its end, so that a consumer gets all messages of the turn in one answer, not one answer a message.
// Time-outs are kept in buckets of 100 ms that one timer walks; a waiting pull has no timer of its own.
import type { Clock, Timer, TurnScheduler, TurnTask } from '@mq/remoting';

import { ConnectionHolds } from './connection-holds.js';
import type { HeldPull } from './held-pull.js';

/** Width of a time-out bucket: answers may be this late. */
const BUCKET_MS = 100;

/** Arrivals wake pulls at once; this sweep is the safety net upstream has too. */
const SWEEP_MS = 5_000;

const NO_PROPERTIES: Buffer = Buffer.alloc(0);

export interface HoldLimits {
  /** Pulls held for all connections together. */
  readonly total: number;
  readonly perConnection: number;
}

interface Hold {
  readonly pull: HeldPull;
  readonly bucket: number;
  readonly queue: HeldQueue;
  readonly ofConnection: Set<Hold>;
}

interface HeldQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly holds: Set<Hold>;
}

export interface PullRequestHoldDeps {
  readonly clock: Clock;
  readonly turn: TurnScheduler;
  /** Read for each new hold, so that changed settings count at once. */
  readonly limits: () => HoldLimits;
  /** Next queue offset consumers will see. */
  readonly maxOffsetInQueue: (topic: string, queueId: number) => number;
}

export class PullRequestHoldService implements TurnTask {
  queued = false;

  readonly #deps: PullRequestHoldDeps;
  readonly #queues = new Map<string, Map<number, HeldQueue>>();
  readonly #buckets = new Map<number, Set<Hold>>();
  readonly #connections = new ConnectionHolds<Hold>((hold) => this.#remove(hold));
  #due: Hold[] = [];
  #size = 0;
  #ticker: Timer | undefined;
  #sweeper: Timer | undefined;
  #lastBucket = 0;
  #closed = false;

  constructor(deps: PullRequestHoldDeps) {
    this.#deps = deps;
  }

  /** Pulls waiting now. */
  get size(): number {
    return this.#size;
  }

  /** Queues that somebody waits for. */
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
    const limits = this.#deps.limits();
    if (this.#closed || !pull.connection.isOpen || this.#size >= limits.total) return false;
    const ofConnection = this.#connections.of(pull.connection);
    if (ofConnection.size >= limits.perConnection) return false;

    const queue = this.#queueOf(pull.topic, pull.queueId);
    const bucket = Math.floor((this.#deps.clock.monotonic() + Math.max(0, timeoutMs)) / BUCKET_MS) + 1;
    const hold: Hold = { pull, bucket, queue, ofConnection };
    queue.holds.add(hold);
    ofConnection.add(hold);
    let due = this.#buckets.get(bucket);
    if (due === undefined) this.#buckets.set(bucket, (due = new Set()));
    due.add(hold);
    this.#size++;
    this.#startTicker();
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
    for (const hold of queue.holds) {
      const { pull } = hold;
      if (nextQueueOffset <= pull.pullFromOffset) continue;
      if (pull.matches(tagsCode, buffer, propertiesStart, propertiesEnd)) this.#wakeLater(hold);
    }
  }

  /** Wakes whoever waits for a queue, whatever arrived (topic deleted, offset reset). */
  wakeQueue(topic: string, queueId: number): void {
    const queue = this.#queues.get(topic)?.get(queueId);
    if (queue === undefined) return;
    for (const hold of queue.holds) this.#wakeLater(hold);
  }

  runAtTurnEnd(): void {
    const due = this.#due;
    this.#due = [];
    for (const hold of due) hold.pull.wake();
  }

  /** Wakes every pull a last time and takes no more; the consumers get their ordinary empty answers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweeper?.cancel();
    for (const ofTopic of [...this.#queues.values()]) {
      for (const queue of [...ofTopic.values()]) for (const hold of [...queue.holds]) this.#wakeLater(hold);
    }
    this.runAtTurnEnd();
    this.#stopTicker();
  }

  #wakeLater(hold: Hold): void {
    this.#remove(hold);
    this.#due.push(hold);
    // Phase 1: after the store has written what arrived, before the sockets of the next turn.
    this.#deps.turn.atTurnEnd(1, this);
  }

  #remove(hold: Hold): void {
    this.#size--;
    hold.ofConnection.delete(hold);
    const { queue } = hold;
    queue.holds.delete(hold);
    if (queue.holds.size === 0) this.#forgetQueue(queue);
    const bucket = this.#buckets.get(hold.bucket);
    bucket?.delete(hold);
    if (bucket?.size === 0) this.#buckets.delete(hold.bucket);
  }

  #queueOf(topic: string, queueId: number): HeldQueue {
    let ofTopic = this.#queues.get(topic);
    if (ofTopic === undefined) this.#queues.set(topic, (ofTopic = new Map()));
    let queue = ofTopic.get(queueId);
    if (queue === undefined) ofTopic.set(queueId, (queue = { topic, queueId, holds: new Set() }));
    return queue;
  }

  #forgetQueue(queue: HeldQueue): void {
    const ofTopic = this.#queues.get(queue.topic);
    if (ofTopic?.get(queue.queueId) !== queue) return;
    ofTopic.delete(queue.queueId);
    if (ofTopic.size === 0) this.#queues.delete(queue.topic);
  }

  #startTicker(): void {
    if (this.#ticker !== undefined) return;
    this.#lastBucket = Math.floor(this.#deps.clock.monotonic() / BUCKET_MS);
    this.#ticker = this.#deps.clock.setInterval(() => this.#tick(), BUCKET_MS);
    this.#ticker.unref?.();
  }

  #stopTicker(): void {
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  #tick(): void {
    const current = Math.floor(this.#deps.clock.monotonic() / BUCKET_MS);
    for (; this.#lastBucket <= current; this.#lastBucket++) {
      const due = this.#buckets.get(this.#lastBucket);
      if (due === undefined) continue;
      for (const hold of [...due]) this.#wakeLater(hold);
    }
    if (this.#size === 0) this.#stopTicker();
  }

  #sweep(): void {
    for (const ofTopic of this.#queues.values()) {
      for (const queue of ofTopic.values()) this.#sweepQueue(queue);
    }
  }

  #sweepQueue(queue: HeldQueue): void {
    const maxOffset = this.#deps.maxOffsetInQueue(queue.topic, queue.queueId);
    for (const hold of queue.holds) if (maxOffset > hold.pull.pullFromOffset) this.#wakeLater(hold);
  }
}
