/**
 * Directories whose names changed, each synced once a round however many files appeared in it. Collecting is cheap and
 * synchronous; the syncs run off the event loop.
 */
import { DiskError, type Disk } from './disk.js';

export class DirectorySyncs {
  private changed = new Set<string>();

  constructor(private readonly disk: Disk) {}

  /** Directories that wait for the next round. */
  get size(): number {
    return this.changed.size;
  }

  /** A name in `dir` appeared or went. */
  add(dir: string): void {
    this.changed.add(dir);
  }

  /**
   * Makes everything added before the call durable; what is added meanwhile waits for the next round.
   * @param parallel syncs under way at once
   * @throws DiskError; what a failed sync was to keep is unknown until a restart
   */
  async sync(parallel: number): Promise<void> {
    const round = this.changed.values();
    this.changed = new Set();
    const worker = async (): Promise<void> => {
      for (const dir of round) await this.syncOne(dir);
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  }

  /** A directory that was removed since has nothing to keep. */
  private async syncOne(dir: string): Promise<void> {
    try {
      await this.disk.syncDirectoryAsync(dir);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error;
    }
  }
}
