// Members of one group must subscribe alike: the broker keeps one subscription of a topic for all of them, and queues are
// shared among all, so that with different ones messages stay unconsumed. Upstream finds it out only when an operator asks
// (ConsumerRunningInfo#analyzeSubscription); here heartbeats are compared.
import type { MessageModel, SubscriptionData } from '@mq/remoting/protocol';

/** Two members that disagree, and what each of them announced. */
export interface SubscriptionDifference {
  readonly clientId: string;
  readonly subscribes: string;
  readonly otherClientId: string;
  readonly otherSubscribes: string;
}

/** What changed with the last call: a pair that disagrees, where all agreed before; or that all agree again. */
export type AgreementChange = SubscriptionDifference | 'AGREED' | undefined;

interface Announcement {
  readonly clientId: string;
  readonly subscribes: string;
}

/** What the members of one group announced. A member is known by its connection. */
export class SubscriptionDifferences<Member> {
  readonly #announced = new Map<Member, Announcement>();
  #differ = false;

  /** Takes what a member announced. */
  announce(member: Member, clientId: string, subscribes: string): AgreementChange {
    if (this.#announced.get(member)?.subscribes === subscribes) return undefined;
    let other: Announcement | undefined;
    // Members that agree share one text.
    let shared = subscribes;
    for (const [known, announcement] of this.#announced) {
      if (known === member) continue;
      if (announcement.subscribes === subscribes) shared = announcement.subscribes;
      else other = announcement;
    }
    this.#announced.set(member, { clientId, subscribes: shared });
    if (other === undefined || this.#differ) return this.#reconsider();
    this.#differ = true;
    return {
      clientId,
      subscribes,
      otherClientId: other.clientId,
      otherSubscribes: other.subscribes,
    };
  }

  /** The member has left. */
  forget(member: Member): AgreementChange {
    this.#announced.delete(member);
    return this.#reconsider();
  }

  #reconsider(): AgreementChange {
    if (!this.#differ) return undefined;
    let first: string | undefined;
    for (const { subscribes } of this.#announced.values()) {
      if (subscribes !== (first ??= subscribes)) return undefined;
    }
    this.#differ = false;
    return 'AGREED';
  }
}

/** The same text for subscriptions that mean the same: order of topics and tags, and versions, do not matter. */
export function describeSubscriptions(
  messageModel: MessageModel,
  subscriptions: readonly SubscriptionData[],
): string {
  const topics = subscriptions.map(({ topic, expressionType, subString, tagsSet }) => {
    const expression = tagsSet.size > 0 ? [...tagsSet].sort().join(' || ') : subString;
    return `${topic} ${expressionType} ${expression}`;
  });
  return [messageModel, ...topics.sort()].join(', ');
}
