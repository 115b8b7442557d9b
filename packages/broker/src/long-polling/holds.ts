// What requests that wait have in common, pulls and pops alike: each is in the list of what it waits for, in that of its
// connection, and has a deadline.
//
// Wake-ups of one loop turn are gathered and run together at its end, so that a consumer gets all messages of the turn in
// one answer, not one answer a message. Deadlines are kept in ticks that one timer walks.
import {
  type Clock,
  type Connection,
  DeadlineWheel,
  LinkedList,
  type LinkedNode,
  type TurnScheduler,
  type TurnTask,
  type WheelEntry,
} from '@mq/remoting';

/** Answers of requests whose time is over may be this late. */
const TICK_MS = 100;

/** A request that can wait. */
export interface HeldRequest {
  readonly connection: Connection;
  /** Runs again. Called at most once, and not once the connection has closed. */
  wake(): void;
}

/** What requests wait for, with the list of those that do. */
export interface HoldPlace<Request extends HeldRequest, Place extends HoldPlace<Request, Place>> {
  readonly holds: LinkedList<Hold<Request, Place>>;
}

/** A request that waits. */
export class Hold<
  Request extends HeldRequest,
  Place extends HoldPlace<Request, Place>,
> implements WheelEntry {
  readonly #ofPlace: LinkedNode<Hold<Request, Place>>;
  readonly #ofConnection: LinkedNode<Hold<Request, Place>>;

  constructor(
    readonly request: Request,
    readonly place: Place,
    ofConnection: LinkedList<Hold<Request, Place>>,
    private readonly holds: Holds<Request, Place>,
  ) {
    this.#ofPlace = place.holds.add(this);
    this.#ofConnection = ofConnection.add(this);
  }

  onDeadline(): void {
    this.holds.wakeLater(this);
  }

  leaveLists(): void {
    this.#ofPlace.leave();
    this.#ofConnection.leave();
  }
}

export interface HoldsDeps<Place> {
  readonly clock: Clock;
  readonly turn: TurnScheduler;
  /** Somebody waits here no more. */
  readonly onLeave?: (place: Place) => void;
  /** Who waited here runs now. */
  readonly onWake?: (place: Place) => void;
}

/** All requests of one kind that wait. */
export class Holds<Request extends HeldRequest, Place extends HoldPlace<Request, Place>> implements TurnTask {
  queued = false;
  readonly #deps: HoldsDeps<Place>;
  readonly #deadlines: DeadlineWheel;
  readonly #connections = new Map<Connection, LinkedList<Hold<Request, Place>>>();
  #due: Hold<Request, Place>[] = [];
  #size = 0;
  #isClosed = false;

  constructor(deps: HoldsDeps<Place>) {
    this.#deps = deps;
    this.#deadlines = new DeadlineWheel(deps.clock, TICK_MS);
  }

  /** Waiting now. */
  get size(): number {
    return this.#size;
  }

  /** Whether somebody at the other end of this connection may wait here at all. */
  takes(connection: Connection): boolean {
    return !this.#isClosed && connection.isOpen;
  }

  /** How many of a connection wait. */
  countOf(connection: Connection): number {
    return this.#connections.get(connection)?.size ?? 0;
  }

  /** Lets a request that `takes` allows wait for at most `timeoutMs`. */
  add(request: Request, place: Place, timeoutMs: number): void {
    const hold = new Hold(request, place, this.#listOf(request.connection), this);
    this.#deadlines.add(hold, timeoutMs);
    this.#size++;
  }

  /** Wakes a request at the end of the turn. */
  wakeLater(hold: Hold<Request, Place>): void {
    this.#remove(hold);
    this.#due.push(hold);
    // Phase 1: after the store has written what arrived, before the sockets of the next turn.
    this.#deps.turn.atTurnEnd(1, this);
  }

  runAtTurnEnd(): void {
    const due = this.#due;
    this.#due = [];
    const { onWake } = this.#deps;
    if (onWake !== undefined) for (const { place } of due) onWake(place);
    for (const { request } of due) if (request.connection.isOpen) request.wake();
  }

  /** Wakes all a last time and takes no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const ofConnection of this.#connections.values())
      for (const hold of ofConnection) this.wakeLater(hold);
    this.runAtTurnEnd();
    this.#deadlines.close();
  }

  #remove(hold: Hold<Request, Place>): void {
    this.#size--;
    hold.leaveLists();
    this.#deadlines.remove(hold);
    this.#deps.onLeave?.(hold.place);
  }

  #listOf(connection: Connection): LinkedList<Hold<Request, Place>> {
    let list = this.#connections.get(connection);
    if (list === undefined) {
      this.#connections.set(connection, (list = new LinkedList()));
      // Nobody would hear the answers.
      connection.on('close', () => {
        const held = this.#connections.get(connection);
        this.#connections.delete(connection);
        for (const hold of held ?? []) this.#remove(hold);
      });
    }
    return list;
  }
}
