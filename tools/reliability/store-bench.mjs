// A store on a simulated disk, small enough that files roll all the time, and the judge of what it shows.
import { importSource } from './sources.mjs';

const { DefaultMessageStore, messageStoreSettings } = await importSource('@mq/store');
const { ManualClock, TurnScheduler } = await importSource('@mq/remoting');
const {
  BatchBlocks,
  decodeBatch,
  decodeProperties,
  encodeBatch,
  RecordLayout,
  recordPhysicalOffset,
  recordQueueOffset,
  recordStoreTimestamp,
  recordSysFlag,
  SysFlag,
} = await importSource('@mq/remoting/message');

export const ROOT = '/store';
/** Of type BatchCQ: a record may hold several messages. */
export const BATCHES = 'Batches';
export const TOPICS = ['Orders', 'Payments', 'T', BATCHES];
export const QUEUES = 2;
const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]);

/** A few records a log file, ten entries a queue file, twenty keys an index file. */
export const SMALL = {
  ...messageStoreSettings.defaults(),
  storePathRootDir: ROOT,
  mappedFileSizeCommitLog: 2048,
  mappedFileSizeConsumeQueue: 200,
  mapperFileSizeBatchConsumeQueue: 460,
  maxHashSlotNum: 16,
  maxIndexNum: 20,
};

/** A store that has not been started. Time stands still unless its clock is told. */
export function makeStore({ disk, settings = {}, clock = new ManualClock(), bootId = 'boot-1', logger }) {
  const queueTypeOf = (topic) => (topic === BATCHES ? 'BatchCQ' : 'SimpleCQ');
  const deps = { disk, clock, turn: new TurnScheduler(), bootId, markAfterBytes: 1, queueTypeOf };
  return new DefaultMessageStore({ ...SMALL, ...settings }, { ...deps, ...(logger && { logger }) });
}

/**
 * Messages are numbered in the order of their appends; the number is in the body, and everything else follows from it:
 * `12|Orders|1|xxxx`. So a record that is read says itself whether it is what was appended.
 */
export function numberedMessage(number, { topic, queueId, bytes, keys = [], wait = true }) {
  const properties = `UNIQ_KEY\u0001U${number}\u0002${keys.length > 0 ? `KEYS\u0001${keys.join(' ')}\u0002` : ''}`;
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: number,
    bornHost: HOST,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(`${number}|${topic}|${queueId}|`.padEnd(bytes, 'x')),
    properties: Buffer.from(properties),
    waitStoreMsgOk: wait,
  };
}

/** Messages of one place, to be stored together, each as a record. */
export function batchOf(messages) {
  const bodies = messages.map(({ flag, body, properties }) => ({
    ...{ flag, body },
    properties: decodeProperties(properties.toString()),
  }));
  return { message: messages[0], blocks: new BatchBlocks(encodeBatch(bodies)) };
}

/** One record of several messages, for topic `BATCHES`; the index knows it by the first of them. */
export function wrappedMessages(messages) {
  return {
    ...messages[0],
    body: encodeBatch(messages.map(({ body }) => ({ body, properties: {} }))),
    sysFlag: SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP,
    innerCount: messages.length,
  };
}

/** Lets promise callbacks and the turn that is due run. */
export function settle() {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

const layout = new RecordLayout();

/** What each message of a record says of itself: mostly it is one, also where a flag says other than the body. */
export function describeMessages(buffer, at) {
  const record = describeRecord(buffer, at);
  if (record === undefined || (recordSysFlag(buffer, at) & SysFlag.INNER_BATCH) === 0) return [record];
  return messagesIn(record).map(({ body }, i) => ({
    ...record,
    body: body.toString('latin1'),
    queueOffset: record.queueOffset + i,
  }));
}

function messagesIn({ body }) {
  const bytes = Buffer.from(body, 'latin1');
  try {
    return decodeBatch(bytes);
  } catch {
    return [{ body: bytes }];
  }
}

/** What one record says of itself. */
export function describeRecord(buffer, at) {
  if (!layout.locate(buffer, at)) return undefined;
  return {
    topic: buffer.toString('latin1', layout.topicStart, layout.topicEnd),
    queueId: buffer.readInt32BE(at + 12),
    queueOffset: recordQueueOffset(buffer, at),
    offset: recordPhysicalOffset(buffer, at),
    sizeBytes: buffer.readInt32BE(at),
    storeTimestamp: recordStoreTimestamp(buffer, at),
    body: buffer.toString('latin1', layout.bodyStart, layout.bodyEnd),
  };
}

/** All messages a consumer gets from a queue, from its first offset on. */
export async function readQueue(store, topic, queueId) {
  const records = [];
  for (let next = store.minOffsetInQueue(topic, queueId); next < store.maxOffsetInQueue(topic, queueId);) {
    const result = await store.getMessage({ group: 'G', topic, queueId, offset: next, maxMsgNums: 32 });
    for (const buffer of result.buffers) {
      for (let at = 0; at < buffer.length; at += buffer.readInt32BE(at))
        records.push(...describeMessages(buffer, at));
    }
    result.release();
    if (result.nextBeginOffset <= next) break;
    next = result.nextBeginOffset;
  }
  return records;
}

/** Everything the store shows, in the order of the log; each record must stand in the queue it names. */
export async function readStore(store, topics = TOPICS, queues = QUEUES) {
  const all = [];
  for (const topic of topics) {
    for (let queueId = 0; queueId < queues; queueId++) {
      const records = await readQueue(store, topic, queueId);
      records.forEach((record, index) =>
        all.push({ ...record, readFrom: `${topic}-${queueId}`, readAt: index }),
      );
    }
  }
  return all.sort((a, b) => a.offset - b.offset);
}

/**
 * Compares what a store shows with the messages that were appended, in order. What survived must be the first ones,
 * at least `required` of them, each with its own body at its own queue offset.
 * @returns sentences; none means that all holds
 */
export function judge(shown, appended, required) {
  const found = [];
  const nextOffset = new Map();
  shown.forEach((record, index) => {
    const wanted = appended[index];
    if (wanted === undefined)
      return found.push(`a record that was never appended, or was cut: ${record.body.slice(0, 30)}`);
    if (record.body !== wanted.body) {
      return found.push(
        `record ${index} holds "${record.body.slice(0, 30)}", appended was "${wanted.body.slice(0, 30)}"`,
      );
    }
    const queue = `${wanted.topic}-${wanted.queueId}`;
    const queueOffset = nextOffset.get(queue) ?? 0;
    nextOffset.set(queue, queueOffset + 1);
    if (`${record.topic}-${record.queueId}` !== queue || record.readFrom !== queue) {
      found.push(`record ${index} of ${queue} was read from ${record.readFrom}`);
    }
    if (record.queueOffset !== queueOffset || record.readAt !== queueOffset) {
      found.push(
        `record ${index} stands at offset ${record.queueOffset} (read at ${record.readAt}) of ${queue} instead of ${queueOffset}`,
      );
    }
  });
  if (shown.length < required)
    found.push(`${required - shown.length} of ${required} messages that had to survive are lost`);
  return found;
}
