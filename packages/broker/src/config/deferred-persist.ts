import type { Logger, TurnScheduler, TurnTask } from '@mq/remoting';

/**
 * Writes a manager's file once for all changes of one event-loop turn, in the phase before responses leave: what is
 * acknowledged is on disk, and a thousand new groups of one turn cost one write.
 *
 * A failed write is logged and the change stays pending: the next change, or `flush`, writes it.
 */
export class DeferredPersist implements TurnTask {
  queued = false;
  #isPending = false;

  constructor(
    private readonly write: () => void,
    private readonly logger: Logger,
    /** Without a scheduler every change is written at once. */
    private readonly turn?: TurnScheduler,
  ) {}

  /** There is something to write; it is written before this turn's responses leave. */
  schedule(): void {
    this.#isPending = true;
    if (this.turn === undefined) this.runAtTurnEnd();
    else this.turn.atTurnEnd(0, this);
  }

  /** Writes now if something is pending. Throws DiskError. */
  flush(): void {
    if (!this.#isPending) return;
    this.write();
    this.#isPending = false;
  }

  runAtTurnEnd(): void {
    try {
      this.flush();
    } catch (error) {
      this.logger.error('configuration not persisted', { error });
    }
  }
}
