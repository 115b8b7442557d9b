// What names a pop in the records of the revive log, with the short names upstream gives the members.
import { int, long, optional, text, type Bean } from '../body/shape.js';

/** What names a pop; records that carry the same are of the same pop. */
export interface PopName {
  /** As it is stored, that is, a pop retry topic where the messages came from there. */
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  /** Queue offset at which the pop began. */
  readonly startOffset: number;
  /** Broker's clock, ms. */
  readonly popTime: number;
  readonly brokerName: string;
}

/** The members of a record that hold it. */
export const popNameMembers = { bn: optional(text), c: text, pt: long, q: int, so: long, t: text };

/** The name in a record; one without a broker name is `ownBrokerName`'s. */
export function popNameOf(json: Bean<typeof popNameMembers>, ownBrokerName: string): PopName {
  return {
    topic: json.t,
    group: json.c,
    queueId: json.q,
    startOffset: json.so,
    popTime: json.pt,
    brokerName: json.bn ?? ownBrokerName,
  };
}
