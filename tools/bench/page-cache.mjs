// A page that a virtual machine touches for the first time, or again after its host took it back, costs 8 µs of CPU time: more
// than a small message, and as much on either side of a comparison. A server that has run for a day has its page cache full
// and never meets it. So that a benchmark does not either: a file as large as the memory is read before each row.
import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { bytesIn } from './process.mjs';

const PIECE = Buffer.alloc(4 * 1024 * 1024);
/** Enough free memory for the programs that are measured. */
const LEFT_FREE_BYTES = 1e9;

const memoryBytes = (name) => bytesIn('/proc/meminfo', name);

/** Fills the page cache with the file of this path, which is made when it is not there. */
export function fillPageCache(path) {
  const wanted = memoryBytes('MemTotal') - LEFT_FREE_BYTES;
  const there = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const file = openSync(path, there === 0 ? 'w+' : 'r+');
  try {
    for (let at = there; at < wanted; at += PIECE.length) writeSync(file, PIECE, 0, PIECE.length, at);
    for (let at = 0; at < there && memoryBytes('MemFree') > LEFT_FREE_BYTES; at += PIECE.length)
      readSync(file, PIECE, 0, PIECE.length, at);
  } finally {
    closeSync(file);
  }
}

/** Gives the disk its room back. */
export const emptyPageCache = (path) => rmSync(path, { force: true });
