// Look-ups that are not the hot path: by time, by key, single entries and records.
import { decodeProperties, MessageConst, recordStoreTimestamp, RecordLayout } from '@mq/remoting/message';
import { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { ExtTagsCodes } from '../consume-queue/ext-tags-codes.js';
import type { IndexService } from '../index/index-service.js';
import type { ConsumeQueueEntry, QueryMessageResult } from '../message-store.js';
import { batchEntries, batchOffsetByTime, batchStoreTimestamp } from './batch-queries.js';
import type { LogReader } from './log-reader.js';

/** Upstream looks further back when all that a hash matched was somebody else's. */
const QUERY_ROUNDS = 3;

export class StoreQueries {
  constructor(
    private readonly consumeQueues: ConsumeQueueStore,
    private readonly index: IndexService | undefined,
    private readonly logReader: LogReader,
    private readonly tagsCodes: ExtTagsCodes,
  ) {}

  async offsetByTime(
    topic: string,
    queueId: number,
    timestamp: number,
    boundary: 'LOWER' | 'UPPER',
  ): Promise<number> {
    const queue = this.consumeQueues.findAny(topic, queueId);
    if (queue === undefined) return 0;
    if (queue instanceof BatchConsumeQueue) return batchOffsetByTime(queue, timestamp, boundary);
    const { minOffset, maxOffset } = queue;
    if (boundary === 'LOWER') return this.#firstNotBefore(queue, timestamp);
    const after = await this.#firstNotBefore(queue, timestamp + 1);
    return Math.min(maxOffset, Math.max(minOffset, after - 1));
  }

  /** First queue offset whose message was stored at or after `timestamp`; maxOffset when there is none. */
  async #firstNotBefore(queue: ConsumeQueue, timestamp: number): Promise<number> {
    let low = queue.minOffset;
    let high = queue.maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const storeTimestamp = await this.#storeTimestamp(queue, middle);
      if (storeTimestamp >= timestamp) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  async storeTimestampOf(topic: string, queueId: number, queueOffset: number): Promise<number> {
    const queue = this.consumeQueues.findAny(topic, queueId);
    if (queue instanceof BatchConsumeQueue) return batchStoreTimestamp(queue, queueOffset);
    return queue === undefined ? -1 : this.#storeTimestamp(queue, queueOffset);
  }

  async #storeTimestamp(queue: ConsumeQueue, queueOffset: number): Promise<number> {
    if (queueOffset < queue.minOffset || queueOffset >= queue.maxOffset) return -1;
    const block = await queue.entries(queueOffset, 1);
    if (block.count === 0 || block.isBlank(0)) return -1;
    return this.logReader.storeTimestampAt(block.physicalOffset(0));
  }

  async entries(
    topic: string,
    queueId: number,
    fromIndex: number,
    count: number,
  ): Promise<ConsumeQueueEntry[]> {
    const queue = this.consumeQueues.findAny(topic, queueId);
    if (queue instanceof BatchConsumeQueue) return batchEntries(queue, fromIndex, count);
    const entries: ConsumeQueueEntry[] = [];
    let next = Math.max(fromIndex, queue?.minOffset ?? 0);
    while (queue !== undefined && entries.length < count && next < queue.maxOffset) {
      const block = await queue.entries(next, count - entries.length);
      if (block.count === 0) break;
      for (let i = 0; i < block.count; i++) {
        if (block.isBlank(i)) continue;
        const queueOffset = next + i;
        const commitLogOffset = block.physicalOffset(i);
        const sizeBytes = block.sizeBytes(i);
        const extension = this.tagsCodes.extension(queue, block, i);
        if (extension === undefined) {
          entries.push({ queueOffset, commitLogOffset, sizeBytes, tagsCode: block.tagsCode(i) });
        } else {
          const tagsCode = extension.unit?.tagsCode ?? 0;
          entries.push({ queueOffset, commitLogOffset, sizeBytes, tagsCode, extension });
        }
      }
      next += block.count;
    }
    return entries;
  }

  async query(
    topic: string,
    key: string,
    maxNum: number,
    beginMs: number,
    endMs: number,
    unique: boolean,
  ): Promise<QueryMessageResult> {
    const result = { buffers: [] as Buffer[], indexLastUpdateTimestamp: 0, indexLastUpdatePhyoffset: 0 };
    let until = endMs;
    for (let round = 0; round < QUERY_ROUNDS && this.index !== undefined; round++) {
      const found = await this.index.query(topic, key, maxNum, beginMs, until);
      result.indexLastUpdateTimestamp = found.indexLastUpdateTimestamp;
      result.indexLastUpdatePhyoffset = found.indexLastUpdatePhyoffset;
      if (found.physicalOffsets.length === 0) break;
      const offsets = [...new Set(found.physicalOffsets)].sort((a, b) => a - b);
      for (const offset of offsets) {
        const record = await this.logReader.recordAt(offset);
        if (record === undefined) continue;
        until = Math.min(until, recordStoreTimestamp(record, 0));
        if (hasKey(record, topic, key, unique)) result.buffers.push(record);
      }
      if (result.buffers.length > 0 || until < beginMs) break;
    }
    return result;
  }
}

/** Whether the record really is of that topic and has that key; the index only knows hashes. */
function hasKey(record: Buffer, topic: string, key: string, unique: boolean): boolean {
  const layout = new RecordLayout();
  if (!layout.locate(record, 0)) return false;
  if (record.toString('utf8', layout.topicStart, layout.topicEnd) !== topic) return false;
  const properties = decodeProperties(record.toString('utf8', layout.propertiesStart, layout.propertiesEnd));
  if (properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] === key) return true;
  return !unique && (properties[MessageConst.KEYS] ?? '').split(' ').includes(key);
}
