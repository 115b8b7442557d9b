// Topics with attribute `queue.type=BatchCQ` of an Apache directory, read only: each entry is one record that holds
// several messages, and is returned whole whatever offset inside it was asked for (storage reference §5.2).
import { join } from 'node:path';
import type { Logger } from '@mq/remoting';
import { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import { ConsumeQueueError } from '../consume-queue/consume-queue-error.js';
import type { QueueFilesContext } from '../consume-queue/queue-files.js';
import type { Disk } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import type { GetMessageRequest, GetMessageResult, GetMessageStatus } from '../message-store.js';
import { BufferPool } from './buffer-pool.js';
import type { LogReader } from './log-reader.js';
import { ReadResult } from './read-result.js';

const MAX_OPEN_FILES = 64;
/** Whatever a request says, no answer is larger. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const NO_POOL = new BufferPool();

export interface BatchReaderOptions {
  /** The `batchconsumequeue` directory. */
  readonly dir: string;
  /** `mapperFileSizeBatchConsumeQueue` */
  readonly fileSizeBytes: number;
}

export class BatchReader {
  readonly #topics: ReadonlySet<string>;
  readonly #handles: FileHandles;
  readonly #context: QueueFilesContext;
  /** By directory; nobody writes to them, so what was found stays true. */
  readonly #queues = new Map<string, BatchConsumeQueue | undefined>();

  constructor(
    private readonly options: BatchReaderOptions,
    disk: Disk,
    private readonly logReader: LogReader,
    private readonly logger: Logger,
  ) {
    this.#handles = new FileHandles(disk, MAX_OPEN_FILES);
    const { dir, fileSizeBytes } = options;
    this.#context = { disk, handles: this.#handles, fileSizeBytes, directoryChanged: () => undefined };
    this.#topics = new Set(disk.list(dir));
  }

  /** Topics that have such queues. */
  get topics(): ReadonlySet<string> {
    return this.#topics;
  }

  /** The queue; undefined when it does not exist or its files cannot be read. */
  find(topic: string, queueId: number): BatchConsumeQueue | undefined {
    if (!this.#topics.has(topic) || queueId < 0) return undefined;
    const dir = join(this.options.dir, topic, String(queueId));
    if (!this.#queues.has(dir)) this.#queues.set(dir, this.#open(dir));
    return this.#queues.get(dir);
  }

  /** @throws DiskError */
  async getMessage(request: GetMessageRequest): Promise<GetMessageResult> {
    const queue = this.find(request.topic, request.queueId);
    const result = new ReadResult(queue ?? { minOffset: 0, maxOffset: 0 }, NO_POOL);
    const { status, next } = placeOf(request.offset, result);
    result.status = status;
    result.nextBeginOffset = next;
    if (status !== 'FOUND' || queue === undefined) return result;
    result.status = 'NO_MATCHED_MESSAGE';
    await this.#collect(queue, request, result);
    if (result.messageCount > 0) result.status = 'FOUND';
    return result.seal();
  }

  close(): void {
    this.#handles.closeAll();
  }

  async #collect(queue: BatchConsumeQueue, request: GetMessageRequest, result: ReadResult): Promise<void> {
    const maxBytes = Math.min(request.maxBytes ?? MAX_ANSWER_BYTES, MAX_ANSWER_BYTES);
    while (result.messageCount < request.maxMsgNums) {
      const entry = queue.find(result.nextBeginOffset);
      if (entry === undefined) return;
      if (result.messageCount > 0 && result.bufferTotalSize + entry.sizeBytes > maxBytes) return;
      result.nextBeginOffset = entry.baseOffset + entry.batchSize;
      if (request.filter?.matchesTagsCode(entry.tagsCode) === false) continue;
      const record = await this.logReader.recordAt(entry.physicalOffset);
      if (record === undefined || request.filter?.matchesRecord?.(record, 0, record.length) === false)
        continue;
      result.add(record, 0, record.length);
      // One record was counted; it holds this many messages.
      result.messageCount += entry.batchSize - 1;
    }
  }

  #open(dir: string): BatchConsumeQueue | undefined {
    try {
      return new BatchConsumeQueue(this.#context, dir);
    } catch (error) {
      if (!(error instanceof ConsumeQueueError)) throw error;
      this.logger.error('a batch consume queue cannot be read', { dir, error: error.message });
      return undefined;
    }
  }
}

function placeOf(
  offset: number,
  { minOffset, maxOffset }: { readonly minOffset: number; readonly maxOffset: number },
): { status: GetMessageStatus; next: number } {
  if (maxOffset === 0) return { status: 'NO_MESSAGE_IN_QUEUE', next: 0 };
  if (offset < minOffset) return { status: 'OFFSET_TOO_SMALL', next: minOffset };
  if (offset === maxOffset) return { status: 'OFFSET_OVERFLOW_ONE', next: offset };
  if (offset > maxOffset) return { status: 'OFFSET_OVERFLOW_BADLY', next: maxOffset };
  return { status: 'FOUND', next: offset };
}
