import type { Clock } from '@mq/remoting';
import type { MessageQueue } from '@mq/remoting/protocol';
import { Sleeper } from '../../instance/sleeper.js';
import type { CachedState } from '../flow-control.js';
import type { PullResult } from '../pull-api.js';
import type { ReceivedMessage } from '../received-message.js';

/**
 * One assigned queue of a lite pull consumer: what was pulled and not yet polled, where to pull next, and how far the
 * application has come. Without I/O.
 *
 *     finished ≤ position ≤ nextOffset        position: the next message poll gives out
 *                                             finished: the application asked for more since
 */
export class LiteQueue implements CachedState {
  /** The filling loop rests here. */
  readonly sleeper: Sleeper;
  isPaused = false;
  isClosed = false;
  #nextOffset: number;
  #finished: number;
  #buffer: ReceivedMessage[] = [];
  #bytes = 0;
  /** Ends the pull that is under way; a new one for each place pulled from. */
  #pulling = new AbortController();

  /** @param startOffset where to pull first */
  constructor(
    readonly queue: MessageQueue,
    startOffset: number,
    clock: Clock,
  ) {
    this.#nextOffset = startOffset;
    this.#finished = startOffset;
    this.sleeper = new Sleeper(clock);
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Fires when the pull under way is of no use any more. */
  get pullSignal(): AbortSignal {
    return this.#pulling.signal;
  }

  get messageCount(): number {
    return this.#buffer.length;
  }

  get messageBytes(): number {
    return this.#bytes;
  }

  get maxSpan(): number {
    const first = this.#buffer[0];
    const last = this.#buffer[this.#buffer.length - 1];
    return first === undefined || last === undefined ? 0 : last.queueOffset - first.queueOffset;
  }

  /** Offset of the next message to give out; what a filter left out below it counts as given out. */
  get position(): number {
    return this.#buffer[0]?.queueOffset ?? this.#nextOffset;
  }

  /** The next offset to consume, as it may be committed. */
  get finished(): number {
    return this.#finished;
  }

  /** Takes the answer to a pull in. */
  accept(result: PullResult): void {
    this.#nextOffset = result.nextBeginOffset;
    if (result.status === 'OFFSET_ILLEGAL') {
      // The broker moved the group, or what was here is gone: what was pulled before does not count any more.
      this.#buffer = [];
      this.#bytes = 0;
      this.#finished = result.nextBeginOffset;
    }
    for (const message of result.messages) {
      this.#buffer.push(message);
      this.#bytes += message.body.length;
    }
  }

  /** The next messages, at most `max`; none while paused. */
  take(max: number): ReceivedMessage[] {
    if (this.isPaused) return [];
    const taken = this.#buffer.splice(0, max);
    for (const message of taken) this.#bytes -= message.body.length;
    if (taken.length > 0) this.sleeper.wake();
    return taken;
  }

  /** The application has finished with everything it was given. */
  finishTaken(): void {
    this.#finished = this.position;
  }

  /** Goes on at another offset. */
  seek(offset: number): void {
    this.#buffer = [];
    this.#bytes = 0;
    this.#nextOffset = offset;
    this.#finished = offset;
    this.pullAnew();
  }

  resume(): void {
    this.isPaused = false;
    this.sleeper.wake();
  }

  close(): void {
    this.isClosed = true;
    this.pullAnew();
  }

  /** The pull under way is of no use any more: begins another one, from the same place unless it was moved. */
  pullAnew(): void {
    const pulling = this.#pulling;
    this.#pulling = new AbortController();
    pulling.abort();
    this.sleeper.wake();
  }
}
