// How much an LZ4 frame can hold at most, read from its block headers without decompressing: the library has no bound.

const MAGIC = 0x184d2204;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_DICTIONARY = 0x01;
const BLOCK_STORED = 0x80000000;
/** One compressed byte never yields more (a run-length byte of a match). */
const MAX_RATIO = 255;

/**
 * Upper bound in bytes of the content before the last block, or the declared content size where there is one: a frame
 * whose bound is over a limit is over it, the rest overshoots by less than one block (4 MiB).
 * Throws RangeError for bytes that are no frame, or no whole one.
 */
export function maxLz4FrameBytes(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw new RangeError('no LZ4 frame');
  const flags = frame[4]!;
  const blockMaxBytes = 1 << (8 + 2 * ((frame[5]! >> 4) & 7));
  let at = 6;
  let declaredBytes = 0;
  if (flags & FLAG_CONTENT_SIZE) {
    declaredBytes = Number(frame.readBigUInt64LE(at));
    at += 8;
  }
  if (flags & FLAG_DICTIONARY) at += 4;
  at += 1;
  let beforeLast = 0;
  let last = 0;
  for (;;) {
    const header = frame.readUInt32LE(at);
    at += 4;
    if (header === 0) break;
    const stored = (header & BLOCK_STORED) !== 0;
    const blockBytes = header & 0x7fffffff;
    beforeLast += last;
    last = stored ? blockBytes : Math.min(blockMaxBytes, blockBytes * MAX_RATIO);
    at += blockBytes + (flags & FLAG_BLOCK_CHECKSUM ? 4 : 0);
    if (at + 4 > frame.length) throw new RangeError('LZ4 frame ends inside a block');
  }
  const end = at + (flags & FLAG_CONTENT_CHECKSUM ? 4 : 0);
  if (end !== frame.length) throw new RangeError('bytes behind the LZ4 frame');
  return Math.max(beforeLast, declaredBytes);
}
