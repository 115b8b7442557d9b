import type { Clock, Logger, TurnScheduler } from '@mq/remoting';
import { type DataVersion, firstDataVersion, nextDataVersion } from '@mq/remoting/protocol';
import type { ConfigText } from './config-text.js';
import { DeferredPersist } from './deferred-persist.js';

export interface VersionedFileOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Memory only when absent. */
  readonly file?: ConfigText;
  /** With it, what is written with `changed` is written once a turn, before the responses leave. */
  readonly turn?: TurnScheduler;
}

/** The version of a table and the file it is kept in: both follow every change (upstream `ConfigManager`). */
export class VersionedFile {
  readonly #clock: Clock;
  readonly #file: ConfigText | undefined;
  readonly #deferred: DeferredPersist;
  #dataVersion: DataVersion;

  /** @param encode the table and its version as the file holds them */
  constructor(
    { clock, logger, file, turn }: VersionedFileOptions,
    private readonly encode: () => Buffer,
  ) {
    this.#clock = clock;
    this.#file = file;
    this.#deferred = new DeferredPersist(() => this.persist(), logger, turn);
    this.#dataVersion = firstDataVersion(clock.now());
  }

  get dataVersion(): DataVersion {
    return this.#dataVersion;
  }

  /** The file's text, if there is one; `startAt` is to follow. Throws when it cannot be read. */
  load(): string | undefined {
    return this.#file?.load();
  }

  /** The version that was read. */
  startAt(dataVersion: DataVersion): void {
    this.#dataVersion = dataVersion;
  }

  /** The next version; nothing is written. */
  nextVersion(): void {
    this.#dataVersion = nextDataVersion(this.#dataVersion, this.#clock.now());
  }

  /** The next version, written before this turn's responses leave. A failure is logged, and the next change writes again. */
  changed(): void {
    this.nextVersion();
    this.#deferred.schedule();
  }

  /** Writes the file now. Throws DiskError. */
  persist(): void {
    this.#file?.persist(this.encode().toString());
  }
}
