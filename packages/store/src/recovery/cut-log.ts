// Keeps a copy of bytes that recovery is about to clear although they hold whole records.
import { join } from 'node:path';
import { logFileName } from '../commit-log/log-file.js';
import type { LogFiles } from '../commit-log/log-files.js';
import type { Disk } from '../disk/disk.js';
import type { LogTail } from './log-tail.js';

/**
 * Copies everything behind `end` that is not zero into `<dir>/<log offset>`, one file a range, and whole later files;
 * durable on return. @returns the directory
 */
export function setAside(disk: Disk, files: LogFiles, tail: LogTail, end: number, dir: string): string {
  disk.mkdir(dir);
  const ranges = [...tail.dirtyRanges];
  for (const file of files.all) {
    if (file.baseOffset > end) ranges.push({ from: file.baseOffset, to: file.endOffset });
  }
  for (const { from, to } of ranges) {
    const source = files.fileAt(from);
    if (source === undefined) continue;
    const bytes = Buffer.alloc(to - from);
    files.handle(source).read(bytes, from - source.baseOffset, bytes.length);
    const copy = disk.open(join(dir, logFileName(from)), { create: true });
    copy.write(bytes, 0);
    copy.syncNow();
    copy.close();
  }
  disk.syncDirectory(dir);
  return dir;
}
