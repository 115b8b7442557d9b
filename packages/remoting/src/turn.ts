/** Work that wants to happen once at the end of the running event-loop turn. */
export interface TurnTask {
  /** The work; called once for each time it was queued. */
  runAtTurnEnd(): void;
  /** Owned by the scheduler: true while the task waits for its run. */
  queued?: boolean;
}

/** 0: bytes to the store's files; 1: bytes to sockets, acknowledgements of phase 0 among them. */
export type TurnPhase = 0 | 1;

/** Acknowledge and wake, answer who was woken, flush the answers: three rounds do real work. */
const maxSocketRounds = 4;

/**
 * "Once at the end of this turn": one `setImmediate` serves every connection and the store. The event loop hands out
 * all sockets that have data, then runs the immediates; so one file write and one write a socket cover a whole turn.
 *
 * Phase 0 runs before phase 1. A phase-1 task queued by a task of either phase still runs in the same pass: the append is
 * written, acknowledged and sent at once, and so is the answer to a pull that it woke. A phase-0 task queued during a pass
 * runs in the next turn, and so does what is left of phase 1 after a few rounds, so that no pass goes on for ever.
 */
export class TurnScheduler {
  #storeTasks: TurnTask[] = [];
  #socketTasks: TurnTask[] = [];
  #scheduled = false;
  /** Called after each pass that leaves nothing to do, with all answers on their way. */
  afterTurn: (() => void) | undefined;
  readonly #run = (): void => this.#runPass();

  /** Queues `task` unless it already waits. */
  atTurnEnd(phase: TurnPhase, task: TurnTask): void {
    if (task.queued === true) return;
    task.queued = true;
    if (phase === 0) this.#storeTasks.push(task);
    else this.#socketTasks.push(task);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  /** Still scheduled while it runs: what it queues for itself must not make the loop turn once more for nothing. */
  #runPass(): void {
    const storeTasks = this.#storeTasks;
    if (storeTasks.length > 0) {
      this.#storeTasks = [];
      runAll(storeTasks);
    }
    for (let round = 0; round < maxSocketRounds && this.#socketTasks.length > 0; round++) {
      const socketTasks = this.#socketTasks;
      this.#socketTasks = [];
      runAll(socketTasks);
    }
    this.#scheduled = this.#storeTasks.length > 0 || this.#socketTasks.length > 0;
    if (this.#scheduled) setImmediate(this.#run);
    else this.afterTurn?.();
  }
}

/** Runs `tasks`, which nobody adds to any more. (Emptying an array to use it again is a call into the engine that frees its memory.) */
function runAll(tasks: readonly TurnTask[]): void {
  for (let index = 0; index < tasks.length; index++) {
    const task = tasks[index]!;
    task.queued = false;
    try {
      task.runAtTurnEnd();
    } catch (error) {
      // A task that throws is a bug and must stop the process, but not before the others of this turn have run.
      process.nextTick(rethrow, error);
    }
  }
}

function rethrow(error: unknown): void {
  throw error;
}
