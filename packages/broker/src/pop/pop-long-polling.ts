// Pops and notifications that found nothing wait here until a message of their topic arrives, their time is over, or their
// connection closes (upstream: PopLongPollingService).
//
// An arrival of a topic nobody waits for is one map look-up. Of a group only one waiting pop is woken in a turn: it takes
// what is there, and wakes the next one when something is left (upstream: the same, by restNum).
import { type Clock, LinkedList, type LinkedNode, type TurnScheduler } from '@mq/remoting';

import { type HeldRequest, type Hold, type HoldPlace, Holds } from '../long-polling/holds.js';

/** Places nobody waits at any more are kept for who asks next, up to this many. */
const SPARE_PLACES = 1_024;

/** Queue id of a pop that takes messages of any queue. */
export const ANY_QUEUE = -1;

export interface HeldPop extends HeldRequest {
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  /** By the queue entry alone; may say yes too often. */
  matches(tagsCode: number): boolean;
}

export interface PopPollingLimits {
  readonly total: number;
  readonly perQueue: number;
  readonly queues: number;
  /** Every so many messages of a queue wake a pop whatever its filter says; 0 never. */
  readonly forceInterval: number;
}

/** Those that wait for one queue of a group. */
class Place implements HoldPlace<HeldPop, Place> {
  readonly holds: LinkedList<Hold<HeldPop, Place>> = new LinkedList();
  /** One of them was woken in this turn. */
  isWoken = false;
  /** Among the places nobody waits at. */
  spare: LinkedNode<Place> | undefined = undefined;

  constructor(
    readonly topic: string,
    readonly group: string,
    readonly queueId: number,
  ) {}
}

export class PopLongPolling {
  readonly #clock: Clock;
  readonly #limits: () => PopPollingLimits;
  readonly #wakesAll: boolean;
  readonly #topics = new Map<string, Map<string, Map<number, Place>>>();
  readonly #holds: Holds<HeldPop, Place>;
  #places = 0;
  /** Places nobody waits at, the oldest first. */
  readonly #spares = new LinkedList<Place>();

  /** @param wakesAll an arrival wakes all that wait for its queue: they only want to know */
  constructor(deps: {
    readonly clock: Clock;
    readonly turn: TurnScheduler;
    readonly limits: () => PopPollingLimits;
    readonly wakesAll?: boolean;
  }) {
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#wakesAll = deps.wakesAll ?? false;
    this.#holds = new Holds({
      clock: deps.clock,
      turn: deps.turn,
      onLeave: (place) => this.#onLeave(place),
      onWake: (place) => (place.isWoken = false),
    });
  }

  /** Waiting now. */
  get size(): number {
    return this.#holds.size;
  }

  /** Waiting for this queue of a group. */
  count(topic: string, group: string, queueId: number): number {
    return this.#topics.get(topic)?.get(group)?.get(queueId)?.holds.size ?? 0;
  }

  /** Holds until `dueAtMs`, wall clock. False: a bound is reached or nothing waits any more, answer at once. */
  hold(pop: HeldPop, dueAtMs: number): boolean {
    const limits = this.#limits();
    if (!this.#holds.takes(pop.connection) || this.#holds.size >= limits.total) return false;
    const place = this.#placeOf(pop, limits.queues);
    if (place === undefined || place.holds.size >= limits.perQueue) return false;
    place.spare?.leave();
    this.#holds.add(pop, place, dueAtMs - this.#clock.now());
    return true;
  }

  /** Hot path: a message became visible. `nextQueueOffset` is its queue offset + 1. */
  notifyArrival(topic: string, queueId: number, nextQueueOffset: number, tagsCode: number): void {
    const groups = this.#topics.get(topic);
    if (groups === undefined) return;
    const { forceInterval } = this.#limits();
    const isForced = forceInterval > 0 && (nextQueueOffset - 1) % forceInterval === 0;
    for (const places of groups.values()) {
      this.#wakeFrom(places.get(ANY_QUEUE), tagsCode, isForced);
      this.#wakeFrom(places.get(queueId), tagsCode, isForced);
    }
  }

  /** Something of this group can be popped again, whatever filters say. */
  notify(topic: string, group: string, queueId: number): void {
    const places = this.#topics.get(topic)?.get(group);
    if (places === undefined) return;
    if (queueId === ANY_QUEUE) for (const place of places.values()) this.#wakeFrom(place, 0, true);
    else {
      this.#wakeFrom(places.get(ANY_QUEUE), 0, true);
      this.#wakeFrom(places.get(queueId), 0, true);
    }
  }

  /** Everything can be popped now. */
  notifyAll(): void {
    for (const groups of this.#topics.values())
      for (const places of groups.values())
        for (const place of places.values()) this.#wakeFrom(place, 0, true);
  }

  /** Wakes all a last time and takes no more. */
  close(): void {
    this.#holds.close();
  }

  #wakeFrom(place: Place | undefined, tagsCode: number, isForced: boolean): void {
    if (place === undefined || place.isWoken) return;
    for (const hold of place.holds) {
      if (!isForced && !hold.request.matches(tagsCode)) continue;
      this.#holds.wakeLater(hold);
      if (this.#wakesAll) continue;
      place.isWoken = true;
      return;
    }
  }

  #onLeave(place: Place): void {
    if (place.holds.size > 0) return;
    place.spare = this.#spares.add(place);
    if (this.#spares.size > SPARE_PLACES) this.#forgetSpare();
  }

  #placeOf({ topic, group, queueId }: HeldPop, maxPlaces: number): Place | undefined {
    const known = this.#topics.get(topic)?.get(group)?.get(queueId);
    if (known !== undefined) return known;
    if (this.#places >= maxPlaces && !this.#forgetSpare()) return undefined;
    let groups = this.#topics.get(topic);
    if (groups === undefined) this.#topics.set(topic, (groups = new Map()));
    let places = groups.get(group);
    if (places === undefined) groups.set(group, (places = new Map()));
    const place = new Place(topic, group, queueId);
    place.spare = this.#spares.add(place);
    places.set(queueId, place);
    this.#places++;
    return place;
  }

  /** False: somebody waits at every place. */
  #forgetSpare(): boolean {
    const spare = this.#spares.shift();
    if (spare === undefined) return false;
    const { topic, group, queueId } = spare;
    const groups = this.#topics.get(topic);
    const places = groups?.get(group);
    places?.delete(queueId);
    this.#places--;
    if (places?.size === 0) groups?.delete(group);
    if (groups?.size === 0) this.#topics.delete(topic);
    return true;
  }
}
