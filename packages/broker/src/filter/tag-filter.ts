// Which messages of a queue a subscription lets through, judged by the queue entry alone (upstream:
// ExpressionMessageFilter#isMatchedByConsumeQueue for type TAG). The entry holds only the hash of the tag, so a
// collision passes here and the client compares the text.
import { SUB_ALL, type SubscriptionData } from '@mq/remoting/protocol';
import type { MessageFilter } from '@mq/store';

class OneTagFilter implements MessageFilter {
  readonly #code: number;

  constructor(code: number) {
    this.#code = code;
  }

  matchesTagsCode(tagsCode: number): boolean {
    return tagsCode === this.#code;
  }
}

class TagSetFilter implements MessageFilter {
  readonly #codes: ReadonlySet<number>;

  constructor(codes: Iterable<number>) {
    this.#codes = new Set(codes);
  }

  matchesTagsCode(tagsCode: number): boolean {
    return this.#codes.has(tagsCode);
  }
}

/** Filters of subscriptions seen before; heartbeats keep one object per subscription, so this mostly hits. */
const known = new WeakMap<SubscriptionData, MessageFilter>();

/** The filter of a TAG subscription; undefined when it lets everything through. */
export function tagFilter(subscription: SubscriptionData): MessageFilter | undefined {
  if (subscription.classFilterMode || subscription.subString === SUB_ALL) return undefined;
  let filter = known.get(subscription);
  if (filter === undefined) {
    const codes = [...subscription.codeSet];
    const [only] = codes;
    filter = codes.length === 1 && only !== undefined ? new OneTagFilter(only) : new TagSetFilter(codes);
    known.set(subscription, filter);
  }
  return filter;
}
