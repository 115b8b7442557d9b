// The part of a read that memory cannot answer: what is read is a chunk of the log that other readers share, or else one
// run of neighbouring records. Records out of either are checked one by one, and given out of the buffer they are in.
import type { LogChunk } from './log-chunks.js';
import type { MessageReaderParts, ReadCursor, ReadRules } from './read-cursor.js';

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

/**
 * Gets the record at the cursor, which is one to give: either the cursor holds a chunk with it afterwards, or it and the
 * records near it were taken. @throws DiskError
 */
export async function readCold(
  cursor: ReadCursor,
  parts: MessageReaderParts,
  rules: ReadRules,
): Promise<void> {
  const { block, index, result } = cursor;
  const span = nextSpan(cursor, parts);
  // A record far from its neighbours is read alone: a chunk for it would be read for nothing.
  if (span.to - span.from > 1) {
    const chunk = await rules.chunks.load(span.offset, block.sizeBytes(index));
    if (chunk !== undefined) {
      result.hold(chunk);
      cursor.chunk = chunk;
      return;
    }
  }
  const buffer = parts.pool.take(span.length);
  result.own(buffer);
  const got = await parts.logReader.readFile(span.offset, buffer, span.length);
  takeSpan(buffer, got, span, cursor, parts, rules);
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

/** Takes the records of a span that was read, until the answer is full. */
function takeSpan(
  buffer: Buffer,
  got: number,
  span: Span,
  cursor: ReadCursor,
  parts: MessageReaderParts,
  rules: ReadRules,
): void {
  const { block } = cursor;
  for (; cursor.index < span.to; cursor.index++) {
    const offset = block.physicalOffset(cursor.index);
    const size = block.sizeBytes(cursor.index);
    if (rules.isFull(cursor, offset, size)) return;
    if (rules.isSkipped(cursor, offset)) continue;
    rules.step(cursor, offset);
    const at = offset - span.offset;
    if (at + size > got) {
      parts.logReader.reportEntry(
        cursor.queue,
        block.firstIndex + cursor.index,
        'leads behind the end of the log or of a log file',
      );
      if (cursor.result.messageCount === 0) cursor.result.status = 'MESSAGE_WAS_REMOVING';
      continue;
    }
    if (isServed(buffer, at, offset, size, cursor, parts, undefined))
      cursor.result.add(buffer, at, at + size);
  }
}

/** Takes the record at the cursor out of the cursor's chunk, which holds it. */
export function takeFromChunk(
  cursor: ReadCursor,
  parts: MessageReaderParts,
  offset: number,
  size: number,
): void {
  const chunk = cursor.chunk!;
  const at = offset - chunk.base;
  if (isServed(chunk.buffer, at, offset, size, cursor, parts, chunk))
    cursor.result.add(chunk.buffer, at, at + size);
}

/**
 * Whether the record the entry leads to is sound, belongs there, and is let through; what is damaged is logged.
 * @param chunk what the buffer is of, if of a chunk: it knows which records were found sound since it was read
 */
function isServed(
  buffer: Buffer,
  at: number,
  offset: number,
  size: number,
  { block, index, queue, result, request }: ReadCursor,
  { logReader }: MessageReaderParts,
  chunk: LogChunk | undefined,
): boolean {
  const isNew = chunk === undefined || !chunk.isKnownSound(at, size);
  const isSound = logReader.isSound(buffer, at, size, offset, isNew);
  if (isSound && isNew) chunk?.markSound(at);
  if (!isSound || !logReader.belongs(buffer, at, queue, block.firstIndex + index)) {
    if (result.messageCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
    return false;
  }
  const { filter } = request;
  if (filter?.matchesRecord !== undefined && !filter.matchesRecord(buffer, at, size)) {
    if (result.messageCount === 0) result.status = 'NO_MATCHED_MESSAGE';
    return false;
  }
  return true;
}
