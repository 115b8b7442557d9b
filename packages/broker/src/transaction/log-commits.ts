// Finds commit records in the raw log. Each names the half message it ends, so what no op message came to tell before a
// crash is still known.
import {
  BLANK_RECORD_BYTES,
  MAGIC_BLANK,
  MAGIC_V1,
  MAGIC_V2,
  MIN_RECORD_BYTES,
  recordMagic,
  recordPreparedTransactionOffset,
  recordSize,
  recordSysFlag,
  SysFlag,
  transactionType,
} from '@mq/remoting/message';
import type { LogStream } from '@mq/store';

const READ_BYTES = 1024 * 1024;
/** Enough for the fields read here, IPv6 hosts included. */
const FIELDS_BYTES = 128;

/**
 * Calls `visit` with the commit log offset of the half message of every commit record in `[from, end)`; `from` must be the
 * start of a record. Reads no bodies that lie outside of a chunk. Resolves with where it stopped: `end`, unless the log holds
 * something else than records before.
 * @throws DiskError
 */
export async function visitCommits(
  log: LogStream,
  from: number,
  end: number,
  visit: (halfCommitLogOffset: number) => void,
): Promise<number> {
  let offset = from;
  while (offset < end) {
    const chunk = await log.read(offset, Math.min(READ_BYTES, Math.max(end - offset, FIELDS_BYTES)));
    try {
      const walked = walk(chunk.bytes, Math.min(chunk.bytes.length, end - offset), visit);
      if (walked === 0) return offset;
      offset += walked;
    } finally {
      chunk.release();
    }
  }
  return offset;
}

/** Bytes from the start to the first record that is not here with all its fields; may lie behind the buffer. */
function walk(bytes: Buffer, length: number, visit: (halfCommitLogOffset: number) => void): number {
  let at = 0;
  while (at + BLANK_RECORD_BYTES <= length) {
    const size = recordSize(bytes, at);
    const magic = recordMagic(bytes, at);
    if (magic === MAGIC_BLANK) {
      if (size < BLANK_RECORD_BYTES) break;
    } else {
      if ((magic !== MAGIC_V1 && magic !== MAGIC_V2) || size < MIN_RECORD_BYTES) break;
      if (at + Math.min(size, FIELDS_BYTES) > length) break;
      const isCommit = transactionType(recordSysFlag(bytes, at)) === SysFlag.TRANSACTION_COMMIT;
      if (isCommit) visit(recordPreparedTransactionOffset(bytes, at));
    }
    at += size;
  }
  return at;
}
