import type { MessageFilter } from '@mq/store';

/** What a subscription lets through: asked by the store while it reads, and when a message arrives for who waits. */
export interface SubscriptionFilter extends MessageFilter {
  /** By the properties text `buffer[start, end)` of a message that arrives; absent = its tags code is enough. */
  matchesProperties?(buffer: Buffer, start: number, end: number): boolean;
}
