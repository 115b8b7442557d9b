// Many records at places that are known, for whoever walks the log by a queue or by a list: what the tail cache holds is
// shown where it lies, the rest is read in spans of neighbours on the thread pool.
import { recordPhysicalOffset, recordSize } from '@mq/remoting/message';
import type { CommitLog } from '../commit-log/commit-log.js';
import type { RecordPlace, RecordVisitor } from '../message-store.js';
import type { BufferPool } from './buffer-pool.js';
import type { LogReader } from './log-reader.js';

/** A hole between two records that is cheaper to read than to skip. */
const MAX_HOLE_BYTES = 8 * 1024;
/** Bound of one read, unless a single record is larger. */
const MAX_SPAN_BYTES = 256 * 1024;
/** Reads under way at once. */
const PARALLEL_READS = 4;

export interface RecordVisitParts {
  readonly log: CommitLog;
  readonly logReader: LogReader;
  readonly pool: BufferPool;
}

interface Span {
  /** Indexes of places, half-open. */
  readonly from: number;
  readonly to: number;
  readonly offset: number;
  readonly length: number;
}

/** @throws DiskError */
export async function visitRecords(
  places: readonly RecordPlace[],
  visit: RecordVisitor,
  parts: RecordVisitParts,
): Promise<void> {
  let next = 0;
  while (next < places.length) {
    next = visitTail(places, next, visit, parts);
    if (next < places.length) next = await visitCold(places, next, visit, parts);
  }
}

/** Visits from `from` on while the tail cache has the records; returns the index of the first one it has not. */
function visitTail(
  places: readonly RecordPlace[],
  from: number,
  visit: RecordVisitor,
  { log }: RecordVisitParts,
): number {
  for (let index = from; index < places.length; index++) {
    const { commitLogOffset, sizeBytes } = places[index]!;
    const segment = log.tail.find(commitLogOffset);
    if (segment === undefined || commitLogOffset + sizeBytes > segment.base + segment.written) return index;
    const at = commitLogOffset - segment.base;
    const isThere =
      recordSize(segment.buffer, at) === sizeBytes &&
      recordPhysicalOffset(segment.buffer, at) === commitLogOffset;
    visit(index, isThere ? segment.buffer : undefined, at);
  }
  return places.length;
}

/** Reads the next few spans and visits their records in order; returns the index behind them. */
async function visitCold(
  places: readonly RecordPlace[],
  from: number,
  visit: RecordVisitor,
  parts: RecordVisitParts,
): Promise<number> {
  const spans: Span[] = [];
  let next = from;
  while (spans.length < PARALLEL_READS && next < places.length) {
    if (spans.length > 0 && parts.log.tail.find(places[next]!.commitLogOffset) !== undefined) break;
    const span = nextSpan(places, next, parts);
    spans.push(span);
    next = span.to;
  }
  const buffers = spans.map(({ length }) => parts.pool.take(length));
  try {
    const reads = spans.map(({ offset, length }, i) => parts.logReader.readFile(offset, buffers[i]!, length));
    const got = await Promise.all(reads);
    spans.forEach((span, i) => showSpan(places, span, buffers[i]!, got[i]!, visit, parts.logReader));
  } finally {
    for (const buffer of buffers) parts.pool.give(buffer);
  }
  return next;
}

function showSpan(
  places: readonly RecordPlace[],
  span: Span,
  buffer: Buffer,
  got: number,
  visit: RecordVisitor,
  logReader: LogReader,
): void {
  for (let index = span.from; index < span.to; index++) {
    const { commitLogOffset, sizeBytes } = places[index]!;
    const at = commitLogOffset - span.offset;
    const isThere =
      sizeBytes > 0 && at + sizeBytes <= got && logReader.isSound(buffer, at, sizeBytes, commitLogOffset);
    visit(index, isThere ? buffer : undefined, at);
  }
}

/** Near neighbours in one file, in ascending order, that one read fetches. One that is not there is a span of nothing. */
function nextSpan(places: readonly RecordPlace[], from: number, { log, logReader }: RecordVisitParts): Span {
  const first = places[from]!;
  const offset = first.commitLogOffset;
  if (!logReader.contains(offset, first.sizeBytes)) return { from, to: from + 1, offset, length: 0 };
  const fileEnd = Math.min(log.files.fileAt(offset)!.endOffset, log.writtenOffset);
  let end = offset + first.sizeBytes;
  let to = from + 1;
  for (; to < places.length; to++) {
    const { commitLogOffset, sizeBytes } = places[to]!;
    const hole = commitLogOffset - end;
    if (hole < 0 || hole > MAX_HOLE_BYTES || commitLogOffset + sizeBytes > fileEnd) break;
    if (commitLogOffset + sizeBytes - offset > MAX_SPAN_BYTES) break;
    end = commitLogOffset + sizeBytes;
  }
  return { from, to, offset, length: end - offset };
}
