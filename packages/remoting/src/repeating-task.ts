import type { Clock, Timer } from './clock.js';
import type { Logger } from './logger.js';

/** What a {@link RepeatingTask} needs. */
export interface RepeatingTaskDeps {
  /** Times the rounds. */
  readonly clock: Clock;
  /** Told of rounds that failed. */
  readonly logger: Logger;
  /** How a failed round is logged; default `warn`. */
  readonly failureLevel?: 'warn' | 'error';
}

/**
 * Work that is done again and again, an interval after the last round ended: it never overlaps itself, and its error
 * is logged, not lost. `runSoon` brings the next round forward; rounds asked for during a round become one.
 */
export class RepeatingTask {
  #timer: Timer | undefined;
  #dueAtMs = 0;
  #running: Promise<void> | undefined;
  #againAfterMs: number | undefined;
  #state: 'idle' | 'started' | 'closed' = 'idle';
  readonly #intervalMs: () => number;

  /**
   * @param name for the log
   * @param intervalMs ms; a function is asked after each round, so that a changed setting counts from the next one
   */
  constructor(
    private readonly name: string,
    private readonly work: () => Promise<void> | void,
    intervalMs: number | (() => number),
    private readonly deps: RepeatingTaskDeps,
  ) {
    this.#intervalMs = typeof intervalMs === 'number' ? () => intervalMs : intervalMs;
  }

  /** First round after `initialDelayMs`, an interval by default. A second call does nothing. */
  start(initialDelayMs: number = this.#intervalMs()): void {
    if (this.#state !== 'idle') return;
    this.#state = 'started';
    this.#schedule(initialDelayMs);
  }

  /** Next round after at most `delayMs`; during a round, after it. Does nothing unless started. */
  runSoon(delayMs = 0): void {
    if (this.#state !== 'started') return;
    if (this.#running !== undefined) {
      this.#againAfterMs = Math.min(delayMs, this.#againAfterMs ?? delayMs);
      return;
    }
    if (this.#timer === undefined || this.deps.clock.monotonic() + delayMs < this.#dueAtMs)
      this.#schedule(delayMs);
  }

  /** No further round; resolves when the current one has ended. May be called again. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    this.#dueAtMs = this.deps.clock.monotonic() + delayMs;
    this.#timer = this.deps.clock.setTimeout(() => void this.#round(), delayMs);
    this.#timer.unref?.();
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#running = this.#guardedWork();
    await this.#running;
    this.#running = undefined;
    const delayMs = this.#againAfterMs ?? this.#intervalMs();
    this.#againAfterMs = undefined;
    if (this.#state === 'started') this.#schedule(delayMs);
  }

  async #guardedWork(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      const { logger, failureLevel = 'warn' } = this.deps;
      logger[failureLevel]('periodic work failed', { work: this.name, error });
    }
  }
}

/** Tasks that begin one by one and end together. */
export class RepeatingTasks {
  readonly #tasks: RepeatingTask[] = [];

  constructor(private readonly deps: RepeatingTaskDeps) {}

  /** Begins one, its first round after an interval; arguments as those of {@link RepeatingTask}. */
  every(name: string, intervalMs: number | (() => number), work: () => Promise<void> | void): void {
    const task = new RepeatingTask(name, work, intervalMs, this.deps);
    this.#tasks.push(task);
    task.start();
  }

  /** No further rounds; resolves when those under way have ended. May be called again. */
  async close(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.close()));
  }
}
