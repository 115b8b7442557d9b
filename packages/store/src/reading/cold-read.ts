// The part of a read that the tail cache cannot answer: neighbouring records come out of a chunk of the log that other
// readers share, or else are fetched with one read on the thread pool; they are checked one by one, and given out of the
// buffer they were read into.
import type { LogChunk } from './log-chunks.js';
import type { MessageReader, MessageReaderParts, ReadCursor } from './message-reader.js';

/** A hole between two records that is cheaper to read than to skip. */
const MAX_HOLE_BYTES = 8 * 1024;
/** Bound of one read, unless a single record is larger. */
const MAX_SPAN_BYTES = 256 * 1024;
/** Records one answer may need from disk beyond what its limits tell; a guard, never reached in order. */
const MAX_SPAN_RECORDS = 1024;

interface Span {
  readonly offset: number;
  readonly length: number;
  /** Indexes in the block, half-open. */
  readonly from: number;
  readonly to: number;
}

/** Takes records from the cursor on until the answer is full or the block ends. @throws DiskError */
export async function readCold(
  cursor: ReadCursor,
  parts: MessageReaderParts,
  rules: MessageReader,
): Promise<void> {
  const { block, result } = cursor;
  while (cursor.index < block.count) {
    const offset = block.physicalOffset(cursor.index);
    if (rules.isFull(cursor, offset, block.sizeBytes(cursor.index))) return;
    if (rules.isSkipped(cursor, offset)) {
      cursor.index++;
      continue;
    }
    const span = nextSpan(cursor, parts);
    // A record far from its neighbours is read alone: a chunk for it would be read for nothing.
    const isAlone = span.to - span.from === 1;
    const chunk = isAlone ? undefined : await rules.chunks.holding(offset, block.sizeBytes(cursor.index));
    if (chunk !== undefined) {
      result.hold(chunk);
      if (!takeFrom(chunk.buffer, chunk.length, spanIn(chunk, cursor), cursor, parts, rules)) return;
      continue;
    }
    const buffer = parts.pool.take(span.length);
    result.own(buffer);
    const got = await parts.logReader.readFile(span.offset, buffer, span.length);
    if (!takeFrom(buffer, got, span, cursor, parts, rules)) return;
  }
}

/** The run of records that one read fetches: near neighbours in the same file, as many as the answer may take. */
function nextSpan(cursor: ReadCursor, parts: MessageReaderParts): Span {
  const { block, index: from, request, result } = cursor;
  const offset = block.physicalOffset(from);
  const fileEnd = parts.log.files.fileAt(offset)?.endOffset ?? offset;
  const mostRecords = Math.min(request.maxMsgNums - result.messageCount, MAX_SPAN_RECORDS);
  let end = Math.min(offset + block.sizeBytes(from), fileEnd);
  let to = from + 1;
  for (; to < block.count && to - from < mostRecords; to++) {
    const next = block.physicalOffset(to);
    const nextEnd = next + block.sizeBytes(to);
    if (next < end || next - end > MAX_HOLE_BYTES || nextEnd > fileEnd || nextEnd - offset > MAX_SPAN_BYTES)
      break;
    end = nextEnd;
  }
  return { offset, length: end - offset, from, to };
}

/** The records of the block, from the cursor on, that lie in a chunk. */
function spanIn(chunk: LogChunk, { block, index: from }: ReadCursor): Span {
  let to = from + 1;
  while (to < block.count && chunk.holds(block.physicalOffset(to), block.sizeBytes(to))) to++;
  return { offset: chunk.base, length: chunk.length, from, to };
}

/** Takes the records of a span that was read; false when the answer is full. */
function takeFrom(
  buffer: Buffer,
  got: number,
  span: Span,
  cursor: ReadCursor,
  parts: MessageReaderParts,
  rules: MessageReader,
): boolean {
  const { block, result, request } = cursor;
  for (; cursor.index < span.to; cursor.index++) {
    const offset = block.physicalOffset(cursor.index);
    const size = block.sizeBytes(cursor.index);
    if (rules.isFull(cursor, offset, size)) return false;
    if (rules.isSkipped(cursor, offset)) continue;
    rules.step(cursor, offset);
    const at = offset - span.offset;
    if (!isServed(buffer, got, at, size, cursor, parts)) {
      if (result.messageCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
      continue;
    }
    const { filter } = request;
    if (filter?.matchesRecord !== undefined && !filter.matchesRecord(buffer, at, size)) {
      if (result.messageCount === 0) result.status = 'NO_MATCHED_MESSAGE';
      continue;
    }
    result.addFromPool(buffer, at, at + size);
  }
  return true;
}

/** Whether the record the entry leads to is whole and the one that belongs there; what is not is logged. */
function isServed(
  buffer: Buffer,
  got: number,
  at: number,
  size: number,
  { block, index, queue }: ReadCursor,
  { logReader }: MessageReaderParts,
): boolean {
  const queueOffset = block.firstIndex + index;
  if (at + size > got) {
    logReader.reportEntry(queue, queueOffset, 'leads behind the end of the log or of a log file');
    return false;
  }
  return (
    logReader.isSound(buffer, at, size, block.physicalOffset(index)) &&
    logReader.belongs(buffer, at, queue, queueOffset)
  );
}
