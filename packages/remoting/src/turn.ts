/** Work that wants to happen once at the end of the running event-loop turn. */
export interface TurnTask {
  runAtTurnEnd(): void;
  /** Owned by the scheduler: true while the task waits for its run. */
  queued?: boolean;
}

/** 0: bytes to the store's files; 1: bytes to sockets, acknowledgements of phase 0 among them. */
export type TurnPhase = 0 | 1;

/**
 * "Once at the end of this turn": one `setImmediate` serves every connection and the store. The event loop hands out
 * all sockets that have data, then runs the immediates; so one file write and one write a socket cover a whole turn.
 *
 * Phase 0 runs before phase 1. A phase-1 task queued by a phase-0 task still runs in the same pass (the append is
 * written, acknowledged and sent at once). Whatever else is queued during a pass runs in the next turn.
 */
export class TurnScheduler {
  #storeTasks: TurnTask[] = [];
  #socketTasks: TurnTask[] = [];
  #spare: TurnTask[] = [];
  #scheduled = false;
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

  #runPass(): void {
    this.#scheduled = false;
    const storeTasks = this.#storeTasks;
    this.#storeTasks = this.#spare;
    this.#spare = runAll(storeTasks);
    const socketTasks = this.#socketTasks;
    this.#socketTasks = this.#spare;
    this.#spare = runAll(socketTasks);
  }
}

/** Runs and empties `tasks`; the array is given back for reuse. */
function runAll(tasks: TurnTask[]): TurnTask[] {
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
  tasks.length = 0;
  return tasks;
}

function rethrow(error: unknown): void {
  throw error;
}
