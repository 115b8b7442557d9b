import type { HeldRequest } from './holds.js';

/** A pull that found nothing and waits for a message. The hold service wakes it exactly once, or drops it; then it does not wait again. */
export interface HeldPull extends HeldRequest {
  readonly topic: string;
  readonly queueId: number;
  /** Queue offset the consumer wants next; a message at or after it may end the wait. */
  readonly pullFromOffset: number;
  /** By the tags code and the properties text `buffer[propertiesStart, propertiesEnd)`; may say yes too often. */
  matches(tagsCode: number, buffer: Buffer, propertiesStart: number, propertiesEnd: number): boolean;
}
