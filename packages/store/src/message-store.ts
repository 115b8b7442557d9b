// The seam between the broker and its storage: what a message store promises, free of how it keeps the promise.
// Offsets: a *commit log offset* (physical offset) counts bytes of the whole log, a *queue offset* counts entries
// of one queue. Ranges are half-open: a max offset is the next one to be written. Times are ms since the epoch.
import type { BatchBlocks, PropertyScanner } from '@mq/remoting/message';
import type { ConsumeQueueExtUnit } from './consume-queue/consume-queue-ext.js';
import type { RunningFlags } from './running-flags.js';

/**
 * How a put ended (upstream `PutMessageStatus`). `PUT_OK`: every condition of the configured mode holds now.
 * `FLUSH_DISK_TIMEOUT`, `FLUSH_SLAVE_TIMEOUT`, `SLAVE_NOT_AVAILABLE`: stored, but not as durable as configured.
 * `CREATE_MAPPED_FILE_FAILED` and `UNKNOWN_ERROR`: the outcome on disk is not known or the record is not there.
 * Everything else: refused, nothing was stored.
 */
export type PutStatus =
  | 'PUT_OK'
  | 'FLUSH_DISK_TIMEOUT'
  | 'FLUSH_SLAVE_TIMEOUT'
  | 'SLAVE_NOT_AVAILABLE'
  | 'SERVICE_NOT_AVAILABLE'
  | 'CREATE_MAPPED_FILE_FAILED'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED'
  | 'OS_PAGE_CACHE_BUSY'
  | 'IN_SYNC_REPLICAS_NOT_ENOUGH'
  | 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED'
  | 'WHEEL_TIMER_MSG_ILLEGAL'
  | 'WHEEL_TIMER_FLOW_CONTROL'
  | 'WHEEL_TIMER_NOT_ENABLE'
  | 'PUT_TO_REMOTE_BROKER_FAIL'
  | 'UNKNOWN_ERROR';

/** One record to append. The store copies every buffer before `append` returns; the caller may reuse them. */
export interface AppendMessage {
  /** At most 127 bytes of UTF-8; a retry topic 255, where `autoMessageVersionOnTopicLen` is set. */
  topic: string;
  /** 0 or greater. */
  queueId: number;
  /** User flag, stored untouched. */
  flag: number;
  /** Record sysFlag. The IPv6 bits are set by the store from the lengths of the host buffers. */
  sysFlag: number;
  /** ms, the producer's clock. */
  bornTimestamp: number;
  /** 4 or 16 address bytes, then the port as int32. */
  bornHost: Buffer;
  /** 4 or 16 address bytes, then the port as int32. */
  storeHost: Buffer;
  /** Deliveries that failed before. */
  reconsumeTimes: number;
  /** Commit log offset of the half message for records of type COMMIT or ROLLBACK, else 0. */
  preparedTransactionOffset: number;
  /** Stored as it is, compressed or not. */
  body: Buffer;
  /** Encoded properties text (`name 0x01 value 0x02 ...`). */
  properties: Buffer;
  /** Appended to `properties`; 0x02 is put between them when it is missing. */
  propertiesSuffix?: Buffer | undefined;
  /** Replaces the tags code computed from the TAGS property (delay queues keep the delivery time there). */
  tagsCode?: number | undefined;
  /**
   * How many messages `body` holds (encoded as a batch request is), with sysFlag INNER_BATCH: for topics whose attribute
   * queue.type is BatchCQ, at most 32,767. Absent: one, as for all other topics.
   */
  innerCount?: number | undefined;
  /** Property WAIT: false acknowledges once the write call returned, before flush and replication. */
  waitStoreMsgOk: boolean;
  /**
   * A scan of exactly `properties`, if the caller has made one: dispatch then does not look through them again. Read
   * before `append` returns. Not for messages with a delay level, nor with UNIQ_KEY, KEYS or TAGS in the suffix.
   */
  scanned?: PropertyScanner | undefined;
  /** True: it waited until now. Its store time is read from the clock, so that it tells no time before it was due. */
  isDue?: boolean;
}

/** Records of one queue to append together. */
export interface AppendBatch {
  /** What all of them have in common. Flags, bodies and properties are those of `blocks`. */
  readonly message: AppendMessage;
  /** Of each its flag, body and properties. */
  readonly blocks: BatchBlocks;
  /** A scan of the properties of each where they stand in `blocks`; as `AppendMessage.scanned`. */
  readonly scanned?: readonly PropertyScanner[] | undefined;
}

/** The outcome of one put. Valid for as long as the waiter keeps it; the store never changes it afterwards. */
export interface PutResult {
  /** `PUT_OK`, or why less was reached. */
  readonly status: PutStatus;
  /** Where the (first) record starts; -1 when nothing was stored. */
  readonly commitLogOffset: number;
  /** Queue offset of the (first message of the) first record; 0 for prepared and rollback records; -1 when nothing was stored. */
  readonly queueOffset: number;
  /** Bytes of all records of this put. */
  readonly sizeBytes: number;
  /** Store time written in the record(s). */
  readonly storeTimestamp: number;
  /** Batch only: where each record starts. */
  readonly commitLogOffsets?: readonly number[] | undefined;
  /** Why a put was refused or failed, for a person. */
  readonly remark?: string | undefined;
}

/** Gets the outcome exactly once: in `append` itself for a refusal, else in log order once the outcome is known. */
export interface PutWaiter {
  /** Runs on the hot path: must not throw or wait. */
  onPutResult(result: PutResult): void;
}

/** Decides which messages of a queue a reader gets. */
export interface MessageFilter {
  /** By the entry alone. May say yes too often, never no too often. */
  matchesTagsCode(tagsCode: number): boolean;
  /**
   * By the bits of an extended entry, as `FilterBitMap` made them when the message was stored at `storeTimestamp`; asked
   * after `matchesTagsCode`, where there are any. May say yes too often, never no too often.
   */
  matchesBitMap?(bitMap: Buffer, storeTimestamp: number): boolean;
  /** By the record `record[at, at + length)`; absent = the entry's word is enough. */
  matchesRecord?(record: Buffer, at: number, length: number): boolean;
}

/** A read from one queue; upstream's arguments of `MessageStore.getMessage`. */
export interface GetMessageRequest {
  /** Consumer group; what is read does not depend on it. */
  group: string;
  /** The topic. */
  topic: string;
  /** Queue of the topic, from 0. */
  queueId: number;
  /** First queue offset wanted. */
  offset: number;
  /** Most messages wanted. */
  maxMsgNums: number;
  /** Bound of the sum of record sizes; the first record is returned whatever its size. */
  maxBytes?: number | undefined;
  /** Absent: every message. */
  filter?: MessageFilter | undefined;
}

/** Upstream `GetMessageStatus`; each with the next offset that upstream gives. */
export type GetMessageStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE'
  | 'OFFSET_RESET';

/** What a read found, and the queue's range, in queue offsets; upstream's `GetMessageResult`. */
export interface GetMessageResult {
  /** `FOUND`, or why there is nothing. */
  readonly status: GetMessageStatus;
  /** Queue offset to ask for next. */
  readonly nextBeginOffset: number;
  /** First queue offset that can be read. */
  readonly minOffset: number;
  /** Queue offset the next message will have. */
  readonly maxOffset: number;
  /** Records back to back; a buffer may hold several. Read-only, valid until `release()`. */
  readonly buffers: readonly Buffer[];
  /** Sum of the lengths of `buffers`. */
  readonly bufferTotalSize: number;
  /** Messages, those inside of records that hold several included. */
  readonly messageCount: number;
  /** The reader is so far behind that a slave should serve it. */
  readonly suggestPullingFromSlave: boolean;
  /** Gives the memory of `buffers` back. Call once, after the bytes have left; later calls do nothing. */
  release(): void;
}

/** Messages found by key, and how far the index is: ms, and bytes of the log. Upstream's `QueryMessageResult`. */
export interface QueryMessageResult {
  /** Whole records, one a buffer, owned by the caller; ordered by commit log offset. */
  readonly buffers: readonly Buffer[];
  /** Store time of the last indexed message, ms. */
  readonly indexLastUpdateTimestamp: number;
  /** Its place in the log, bytes. */
  readonly indexLastUpdatePhyoffset: number;
}

/** One entry of a ConsumeQueue, or of a batch consume queue. */
export interface ConsumeQueueEntry {
  /** Of the first message, where the record holds several. */
  readonly queueOffset: number;
  /** Where the record begins. */
  readonly commitLogOffset: number;
  /** Length of the record. */
  readonly sizeBytes: number;
  /** 0 where it is to be found in an extended entry that is lost. */
  readonly tagsCode: number;
  /** Messages of the record; absent where it is the one. */
  readonly batchSize?: number;
  /** The extended entry that this one leads to; absent where it leads to none. */
  readonly extension?: EntryExtension;
}

/** An extended entry (`enableConsumeQueueExt`), upstream's `ConsumeQueueExt.CqExtUnit`. */
export interface EntryExtension {
  /** What the entry holds in place of a tags code. */
  readonly address: bigint;
  /** Owned by the caller; undefined: the address leads nowhere. */
  readonly unit: ConsumeQueueExtUnit | undefined;
}

/** Where a whole record lies; a `ConsumeQueueEntry` is one. */
export interface RecordPlace {
  /** Where the record begins. */
  readonly commitLogOffset: number;
  /** Length of the record. */
  readonly sizeBytes: number;
}

/**
 * Shown the record of `places[index]`: it begins at `buffer[at]`. The bytes are valid during the call only.
 * `buffer` is undefined where no sound record stands (expired, or damaged).
 */
export type RecordVisitor = (index: number, buffer: Buffer | undefined, at: number) => void;

/**
 * Told of each message once consumers can read it, in log order per queue. Runs on the hot path: must not throw or
 * wait. `nextQueueOffset` is the message's queue offset + 1. `tagsCode` is undefined for a record that holds several
 * messages: only their reader can tell them apart. The stored properties text is `buffer[propertiesStart, propertiesEnd)`,
 * valid during the call.
 */
export type ArrivalListener = (
  topic: string,
  queueId: number,
  nextQueueOffset: number,
  tagsCode: number | undefined,
  storeTimestamp: number,
  commitLogOffset: number,
  buffer: Buffer,
  propertiesStart: number,
  propertiesEnd: number,
) => void;

/**
 * Tells by the bits of its extended entry who may want a message (`enableConsumeQueueExt`); undefined: nobody is asked for.
 * Runs on the hot path, before `ArrivalListener` and under its rules; the store copies the bits.
 */
export type FilterBitMap = (
  topic: string,
  storeTimestamp: number,
  buffer: Buffer,
  propertiesStart: number,
  propertiesEnd: number,
) => Buffer | undefined;

/** The raw log as replication reads it. */
export interface LogStream {
  /** First byte that can be read. */
  readonly minOffset: number;
  /** End of the bytes written to the log file (not necessarily synced). */
  readonly maxOffset: number;
  /** End of the bytes known to be on disk. */
  readonly flushedOffset: number;
  /**
   * Bytes of the log from `offset`, at most `maxBytes`, never across two log files, always raw (blank records
   * included). Sync when the tail cache has them. The buffers stay valid until `release()`; empty at the end.
   */
  read(offset: number, maxBytes: number): LogChunk | Promise<LogChunk>;
  /** Calls `listener` in the turn in which the log grew or its flushed offset moved; returns the unsubscriber. */
  onGrowth(listener: () => void): () => void;
}

/** Raw bytes of the log from `offset` on; valid until `release`. */
export interface LogChunk {
  /** Log offset of the first byte. */
  readonly offset: number;
  /** Empty at the end of the log. */
  readonly bytes: Buffer;
  /** Gives the memory back. Call once. */
  release(): void;
}

/** What removed files and queues an expiry run leaves behind. */
export interface ExpiryReport {
  /** Count. */
  readonly deletedCommitLogFiles: number;
  /** Count. */
  readonly deletedConsumeQueueFiles: number;
  /** Count. */
  readonly deletedIndexFiles: number;
}

/** A RocketMQ store directory: one log, the queues and the index derived from it. */
export interface MessageStore {
  /**
   * Loads, recovers and opens for writing. Rejects with a StoreError when the directory cannot be used: LOCKED,
   * FILE_SIZE_MISMATCH, CORRUPT (names file and offset), IO. A second call returns the first one's promise.
   */
  start(): Promise<void>;
  /** Stops intake, drains, writes, syncs; leaves `abort` behind unless all of it succeeded. May be called twice. */
  close(): Promise<void>;

  /** Whether appends are taken; why not is in `runningFlags`. */
  readonly isWriteable: boolean;
  /** Why reads or writes are refused. */
  readonly runningFlags: RunningFlags;
  /** Disk nearly full, page cache busy or too much in flight: the reason to refuse sends for now. */
  readonly isOSPageCacheBusy: boolean;

  /**
   * Hot path. Encodes into the log's write buffer now; the file write happens at the end of this turn;
   * `waiter.onPutResult` fires when the configured durability holds or failed. Refusals fire synchronously.
   */
  append(message: AppendMessage, waiter: PutWaiter): void;
  /** `append` of several records, contiguous in the log and in queue offsets; all of them or none. */
  appendBatch(batch: AppendBatch, waiter: PutWaiter): void;
  /** `append` as a promise; never rejects. */
  put(message: AppendMessage): Promise<PutResult>;

  /** Sync result when all is in memory, else a promise (read on the thread pool). */
  getMessage(request: GetMessageRequest): GetMessageResult | Promise<GetMessageResult>;
  /** First readable queue offset; 0 when the queue is unknown. */
  minOffsetInQueue(topic: string, queueId: number): number;
  /** Next queue offset consumers will see; 0 when the queue is unknown. */
  maxOffsetInQueue(topic: string, queueId: number): number;
  /** LOWER: first entry stored at or after `timestamp` (max when none). UPPER: last entry at or before it. */
  offsetInQueueByTime(
    topic: string,
    queueId: number,
    timestamp: number,
    boundary?: 'LOWER' | 'UPPER',
  ): Promise<number>;
  /** Store time of the message at a queue offset; -1 when there is none. */
  storeTimestampOf(topic: string, queueId: number, queueOffset: number): Promise<number>;
  /** Store time of the first message of a queue, or of the whole log without arguments; -1 when there is none. */
  earliestStoreTimestamp(topic?: string, queueId?: number): Promise<number>;
  /** The whole record that starts at this offset, checked and owned by the caller; undefined when none does. */
  recordAt(commitLogOffset: number): Promise<Buffer | undefined>;
  /**
   * Shows the records of all places in their order, the first ones before it returns if they are in memory. Neighbours
   * are read together; nothing is copied that the tail cache holds. @throws DiskError
   */
  visitRecords(places: readonly RecordPlace[], visit: RecordVisitor): Promise<void>;
  /** By key, or by unique key (message id) with `unique`; records whose text really matches. */
  queryMessage(
    topic: string,
    key: string,
    maxNum: number,
    beginMs: number,
    endMs: number,
    options?: { unique?: boolean },
  ): Promise<QueryMessageResult>;
  /** At most `count` entries of a queue from queue offset `fromIndex` on. */
  consumeQueueEntries(
    topic: string,
    queueId: number,
    fromIndex: number,
    count: number,
  ): Promise<ConsumeQueueEntry[]>;

  /** First byte of the log that can be read. */
  readonly minPhyOffset: number;
  /** End of the bytes written to the log, not necessarily synced. */
  readonly maxPhyOffset: number;
  /** End of the log bytes known to be on disk. */
  readonly flushedWhere: number;
  /** Resolves once everything put before the call is on disk, whatever the flush mode; rejects when it never will be. */
  flushLog(): Promise<void>;
  /** Log bytes not yet visible to consumers. */
  readonly dispatchBehindBytes: number;

  /** Topics that have queues. */
  topics(): Iterable<string>;
  /** Queues of a topic that exist; none when it is unknown. */
  queueIds(topic: string): number[];
  /** Removes the queues of a topic; its log records expire with their files. */
  deleteTopic(topic: string): Promise<void>;
  /** Removes the queues of every topic that is not in `retain`; returns the removed topics. */
  cleanUnusedTopics(retain: ReadonlySet<string>): Promise<string[]>;
  /** Runs the expiry service now, whatever the hour. */
  executeDeleteExpired(): Promise<ExpiryReport>;

  /** The store's rows of getBrokerRuntimeInfo. */
  runtimeInfo(): Record<string, string>;
  /** The one listener, or none. */
  onArrival: ArrivalListener | undefined;
  /** Set before messages come in: those that were stored without it are judged by themselves. */
  filterBitMap: FilterBitMap | undefined;
  /** The raw log, for replicas. */
  readonly logStream: LogStream;
}
