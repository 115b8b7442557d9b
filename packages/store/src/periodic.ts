// Work that repeats: never overlaps itself, and its errors are reported, not thrown.
import type { Clock, Logger, Timer } from '@mq/remoting';

export class Periodic {
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly work: () => Promise<void> | void,
    private readonly deps: { readonly clock: Clock; readonly logger: Logger },
  ) {}

  start(intervalMs: number): void {
    this.#timer ??= this.deps.clock.setInterval(() => this.#tick(), intervalMs);
  }

  /** Resolves when a run that is under way has ended. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #tick(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.deps.logger.error('periodic work failed', { work: this.name, error: String(error) });
    }
  }
}
