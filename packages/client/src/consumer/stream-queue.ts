import type { Clock } from '@mq/remoting';
import type { MessageQueue } from '@mq/remoting/protocol';
import { Sleeper } from '../instance/sleeper.js';
import type { PullResult } from './pull-api.js';
import type { ReceivedMessage } from './received-message.js';

/**
 * One queue of a message stream: what was pulled and not yet given out, where to pull next, and up to where the application
 * has come. Without I/O; the loop that fills it is the stream's.
 */
export class StreamQueue {
  readonly abort = new AbortController();
  /** Ends the pull under way; a new one with every seek. */
  #pulling = new AbortController();
  /** The filling loop rests here while the buffer is full. */
  readonly sleeper: Sleeper;
  /** The broker had nothing more when last asked. */
  isAtEnd = false;
  #buffer: ReceivedMessage[] = [];
  /** Messages given out and not yet done with. */
  #givenOut = 0;
  #position: number;
  /** Changes with every seek, so that an answer to an older pull is not taken. */
  #epoch = 0;

  /** @param nextOffset where to pull next */
  constructor(
    readonly queue: MessageQueue,
    public nextOffset: number,
    clock: Clock,
  ) {
    this.#position = nextOffset;
    this.sleeper = new Sleeper(clock);
  }

  get buffered(): number {
    return this.#buffer.length;
  }

  /** Fires when the pull under way is of no use any more. */
  get pullSignal(): AbortSignal {
    return this.#pulling.signal;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The next offset to consume, as it may be committed. */
  get position(): number {
    return this.#buffer.length === 0 && this.#givenOut === 0 ? this.nextOffset : this.#position;
  }

  /** Takes the answer to a pull in. */
  accept(result: PullResult): void {
    this.nextOffset = result.nextBeginOffset;
    this.isAtEnd = result.status === 'NO_NEW_MSG' || result.nextBeginOffset >= result.maxOffset;
    if (result.messages.length === 0) return;
    if (this.#buffer.length === 0 && this.#givenOut === 0)
      this.#position = (result.messages[0] as ReceivedMessage).queueOffset;
    this.#buffer.push(...result.messages);
  }

  give(): ReceivedMessage | undefined {
    const message = this.#buffer.shift();
    if (message !== undefined) this.#givenOut++;
    return message;
  }

  /** The application has finished with a message it was given. */
  done(message: ReceivedMessage): void {
    if (this.#givenOut === 0) return; // a seek came between
    this.#givenOut--;
    this.#position = message.queueOffset + 1;
    this.sleeper.wake();
  }

  seek(offset: number): void {
    this.#epoch++;
    this.#buffer = [];
    this.#givenOut = 0;
    this.#position = offset;
    this.nextOffset = offset;
    this.isAtEnd = false;
    this.#interrupt();
    this.sleeper.wake();
  }

  close(): void {
    this.abort.abort();
    this.#interrupt();
    this.sleeper.wake();
  }

  /** A long poll at the old place would hold the next one up. */
  #interrupt(): void {
    const pulling = this.#pulling;
    this.#pulling = new AbortController();
    pulling.abort();
  }
}
