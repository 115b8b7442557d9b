/**
 * Extended entries of a queue (upstream store/ConsumeQueueExt), read only: what a tagsCode means that is an address.
 *
 *    0      2          10          18           20
 *    +------+----------+-----------+------------+--------+
 *    | size | tagsCode | storeTime | bitMapSize | bitMap |     size counts the whole unit, 20 to 32,767
 *    +------+----------+-----------+------------+--------+
 *
 * Units follow one another in files of `mappedFileSizeConsumeQueueExt` bytes, named by byte offset. A size of -1 ends
 * a file early. This broker writes plain tags codes, which upstream accepts beside addresses in one queue.
 */
import { QueueFiles } from './queue-files.js';
import type { QueueFilesContext } from './queue-files.js';

const SIZE_AT = 0;
const TAGS_CODE_AT = SIZE_AT + 2;
const STORE_TIME_AT = TAGS_CODE_AT + 8;
const BIT_MAP_SIZE_AT = STORE_TIME_AT + 8;
const BIT_MAP_AT = BIT_MAP_SIZE_AT + 2;
const MAX_UNIT_BYTES = 32_767;

export interface ConsumeQueueExtUnit {
  readonly sizeBytes: number;
  readonly tagsCode: number;
  readonly storeTimestamp: number;
  /** Bloom filter bits of the SQL92 groups that want the message; undefined when there are none. */
  readonly filterBitMap: Buffer | undefined;
}

/** The unit at the start of `source`; undefined when there is none, or not all of it. */
export function decodeConsumeQueueExtUnit(source: Buffer): ConsumeQueueExtUnit | undefined {
  if (source.length < BIT_MAP_AT) return undefined;
  const sizeBytes = source.readInt16BE(SIZE_AT);
  const bitMapSize = source.readInt16BE(BIT_MAP_SIZE_AT);
  if (sizeBytes < BIT_MAP_AT || sizeBytes > source.length || bitMapSize !== sizeBytes - BIT_MAP_AT)
    return undefined;
  return {
    sizeBytes,
    tagsCode: Number(source.readBigInt64BE(TAGS_CODE_AT)),
    storeTimestamp: Number(source.readBigInt64BE(STORE_TIME_AT)),
    filterBitMap: bitMapSize === 0 ? undefined : source.subarray(BIT_MAP_AT, sizeBytes),
  };
}

export class ConsumeQueueExt {
  private readonly files: QueueFiles;
  private window = Buffer.alloc(0);
  private windowStart = 0;

  /**
   * @param dir `consumequeue_ext/TOPIC/QID`
   * @throws ConsumeQueueError `BAD_FILE_SIZE`, `MISSING_FILE`
   */
  constructor(context: QueueFilesContext, dir: string) {
    this.files = new QueueFiles(context, dir);
    this.files.load();
  }

  /** The unit at a byte offset (`EntryBlock.extOffset`); undefined when the files do not hold it. Blocking, small. */
  read(extOffset: number): ConsumeQueueExtUnit | undefined {
    if (extOffset < this.files.startBytes || extOffset >= this.files.endBytes) return undefined;
    return this.inWindow(extOffset) ?? this.inWindow(extOffset, true);
  }

  private inWindow(extOffset: number, load = false): ConsumeQueueExtUnit | undefined {
    if (load) {
      // Room for the largest unit, and for the hundreds of small ones that are asked for next. A new one each time:
      // units keep pointing into the window they came from.
      const window = Buffer.allocUnsafeSlow(MAX_UNIT_BYTES);
      this.window = window.subarray(0, this.files.read(window, extOffset, window.length));
      this.windowStart = extOffset;
    }
    const at = extOffset - this.windowStart;
    return at < 0 || at >= this.window.length
      ? undefined
      : decodeConsumeQueueExtUnit(this.window.subarray(at));
  }
}
