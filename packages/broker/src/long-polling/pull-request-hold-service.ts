// Long polling (upstream: PullRequestHoldService). A pull that found nothing waits here until a message that its filter
// lets through arrives, its time is over, or its connection closes.
//
// What it costs: an arrival with nobody waiting is two map look-ups. Wake-ups of one loop turn are gathered and run
// together at its end, so that a consumer gets all messages of the turn in one answer, not one answer a message.
// Time-outs are kept in ticks of 100 ms that one timer walks; a waiting pull has no timer of its own.
import {
  type Clock,
  DeadlineWheel,
  LinkedList,
  type LinkedNode,
  type Timer,
  type TurnScheduler,
  type TurnTask,
  type WheelEntry,
} from '@mq/remoting';

import { ConnectionHolds } from './connection-holds.js';
import type { HeldPull } from './held-pull.js';

/** Answers of pulls whose time is over may be this late. */
const TICK_MS = 100;

/** Arrivals wake pulls at once; this sweep is the safety net upstream has too. */
const SWEEP_MS = 5_000;

const NO_PROPERTIES: Buffer = Buffer.alloc(0);

export interface HoldLimits {
  /** Pulls held for all connections together. */
  readonly total: number;
  readonly perConnection: number;
}

/** A pull that waits, in the list of its queue and in that of its connection. */
class Hold implements WheelEntry {
  readonly ofQueue: LinkedNode<Hold>;
  readonly ofConnection: LinkedNode<Hold>;

  constructor(
    readonly pull: HeldPull,
    queue: LinkedList<Hold>,
    connection: LinkedList<Hold>,
    readonly wakeLater: (hold: Hold) => void,
  ) {
    this.ofQueue = queue.add(this);
    this.ofConnection = connection.add(this);
  }

  onDeadline(): void {
    this.wakeLater(this);
  }

  leave(): void {
    this.ofQueue.leave();
    this.ofConnection.leave();
  }
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
  /** By topic and queue id; lists that are empty stay until the next sweep, for the pull that follows. */
  readonly #queues = new Map<string, Map<number, LinkedList<Hold>>>();
  readonly #deadlines: DeadlineWheel;
  readonly #connections = new ConnectionHolds<Hold>((hold) => this.#remove(hold));
  readonly #wakeLater = (hold: Hold): void => {
    this.#remove(hold);
    this.#due.push(hold);
    // Phase 1: after the store has written what arrived, before the sockets of the next turn.
    this.#deps.turn.atTurnEnd(1, this);
  };
  #due: Hold[] = [];
  #size = 0;
  #sweeper: Timer | undefined;
  #closed = false;

  constructor(deps: PullRequestHoldDeps) {
    this.#deps = deps;
    this.#deadlines = new DeadlineWheel(deps.clock, TICK_MS);
  }

  /** Pulls waiting now. */
  get size(): number {
    return this.#size;
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
    const limits = this.#deps.limits();
    if (this.#closed || !pull.connection.isOpen || this.#size >= limits.total) return false;
    const ofConnection = this.#connections.of(pull.connection);
    if (ofConnection.size >= limits.perConnection) return false;

    const hold = new Hold(pull, this.#queueOf(pull.topic, pull.queueId), ofConnection, this.#wakeLater);
    this.#deadlines.add(hold, timeoutMs);
    this.#size++;
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
    for (let node = queue.first; node !== undefined;) {
      const { value: hold, next } = node;
      node = next;
      if (nextQueueOffset <= hold.pull.pullFromOffset) continue;
      if (hold.pull.matches(tagsCode, buffer, propertiesStart, propertiesEnd)) this.#wakeLater(hold);
    }
  }

  /** Wakes whoever waits for a queue, whatever arrived (topic deleted, offset reset). */
  wakeQueue(topic: string, queueId: number): void {
    const queue = this.#queues.get(topic)?.get(queueId);
    if (queue === undefined) return;
    for (const hold of queue) this.#wakeLater(hold);
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
    for (const hold of this.#connections.all()) this.#wakeLater(hold);
    this.runAtTurnEnd();
    this.#deadlines.close();
  }

  #remove(hold: Hold): void {
    this.#size--;
    hold.leave();
    this.#deadlines.remove(hold);
  }

  #queueOf(topic: string, queueId: number): LinkedList<Hold> {
    let ofTopic = this.#queues.get(topic);
    if (ofTopic === undefined) this.#queues.set(topic, (ofTopic = new Map()));
    let queue = ofTopic.get(queueId);
    if (queue === undefined) ofTopic.set(queueId, (queue = new LinkedList()));
    return queue;
  }

  /** Forgets queues nobody waits for, and wakes whose message was never announced. */
  #sweep(): void {
    for (const [topic, ofTopic] of this.#queues) {
      for (const [queueId, queue] of ofTopic) {
        if (queue.size === 0) ofTopic.delete(queueId);
        else this.#sweepQueue(queue, this.#deps.maxOffsetInQueue(topic, queueId));
      }
      if (ofTopic.size === 0) this.#queues.delete(topic);
    }
  }

  #sweepQueue(queue: LinkedList<Hold>, maxOffset: number): void {
    for (const hold of queue) if (maxOffset > hold.pull.pullFromOffset) this.#wakeLater(hold);
  }
}
