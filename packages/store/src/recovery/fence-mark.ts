// A failed sync may leave pages in the cache that read well, count as clean and are not on the disk: no later sync writes
// them. So a store that is fenced leaves a mark, and the next start writes what it read behind that place once more.
// The mark needs no sync: after a power cut the cache is gone with it, and what is read then is what the disk holds.
import type { LogFiles } from '../commit-log/log-files.js';
import type { Disk } from '../disk/disk.js';

const CHUNK_BYTES = 1024 * 1024;

export class FenceMark {
  constructor(
    private readonly disk: Disk,
    private readonly path: string,
  ) {}

  /** Best effort: on a disk that takes no write there is nothing to be done. */
  leave(flushedOffset: number): void {
    try {
      this.disk.writeFile(this.path, String(flushedOffset));
    } catch {
      // The reason was logged with the fence.
    }
  }

  /** Log offset behind which the cache is not believed; undefined without a mark. A mark that cannot be read: 0. */
  load(): number | undefined {
    const text = this.disk.readFile(this.path)?.toString('latin1');
    if (text === undefined) return undefined;
    return /^\d+$/.test(text) ? Number(text) : 0;
  }

  clear(): void {
    this.disk.remove(this.path);
  }
}

/** Writes log bytes [from, to) over themselves, so that the next sync of their files makes them durable. @throws DiskError */
export function rewriteLog(files: LogFiles, from: number, to: number): void {
  for (const file of files.all) {
    const end = Math.min(to, file.endOffset);
    for (let offset = Math.max(from, file.baseOffset); offset < end;) {
      const bytes = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - offset));
      const handle = files.handle(file);
      const got = handle.read(bytes, offset - file.baseOffset);
      handle.write(bytes, offset - file.baseOffset, got);
      offset += bytes.length;
    }
  }
}
