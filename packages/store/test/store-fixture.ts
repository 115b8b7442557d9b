// Small helpers that let the store's tests read aloud.
import { ManualClock, TurnScheduler, type Clock, type Logger } from '@mq/remoting';
import {
  BatchBlocks,
  decodeProperties,
  decodeRecords,
  encodeBatch,
  type MessageExt,
} from '@mq/remoting/message';
import {
  DefaultMessageStore,
  messageStoreSettings,
  type AppendBatch,
  type AppendMessage,
  type Disk,
  type MessageStoreDeps,
  type PutResult,
} from '../src/index.js';
import type { MessageStoreSettings } from '../src/index.js';

export const LOOPBACK = Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]);
export const LOOPBACK_V6 = Buffer.concat([Buffer.alloc(15), Buffer.from([1, 0, 0, 42, 159])]);

/** A message of topic T, queue 0. */
export function message(body: string, overrides: Partial<AppendMessage> = {}): AppendMessage {
  return {
    topic: 'T',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: LOOPBACK,
    storeHost: LOOPBACK,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(body),
    properties: Buffer.alloc(0),
    waitStoreMsgOk: true,
    ...overrides,
  };
}

/** Messages that differ in flag, body and properties only, to be stored together. */
export function batchOf(messages: readonly AppendMessage[]): AppendBatch {
  const body = encodeBatch(
    messages.map(({ flag, body, properties }) => ({
      flag,
      body,
      properties: decodeProperties(properties.toString()),
    })),
  );
  return { message: messages[0]!, blocks: new BatchBlocks(body) };
}

export function properties(pairs: Record<string, string>): Buffer {
  return Buffer.from(
    Object.entries(pairs)
      .map(([name, value]) => `${name}\u0001${value}\u0002`)
      .join(''),
  );
}

export interface FixtureOptions {
  disk: Disk;
  root?: string;
  settings?: Partial<MessageStoreSettings>;
  clock?: Clock;
  bootId?: string;
  logger?: Logger;
  totalMemoryBytes?: number;
  markAfterBytes?: number;
  queueTypeOf?: MessageStoreDeps['queueTypeOf'];
}

/** A store with small files that has not been started. */
export function makeStore(options: FixtureOptions): DefaultMessageStore {
  const settings: MessageStoreSettings = {
    ...messageStoreSettings.defaults(),
    storePathRootDir: options.root ?? '/store',
    mappedFileSizeCommitLog: 4096,
    mappedFileSizeConsumeQueue: 400,
    mapperFileSizeBatchConsumeQueue: 10 * 46,
    maxHashSlotNum: 100,
    maxIndexNum: 200,
    ...options.settings,
  };
  const { disk, logger, totalMemoryBytes, markAfterBytes, queueTypeOf } = options;
  const clock = options.clock ?? new ManualClock();
  const deps = { disk, clock, turn: new TurnScheduler(), bootId: options.bootId ?? 'boot-1' };
  return new DefaultMessageStore(settings, {
    ...deps,
    ...(logger === undefined ? {} : { logger }),
    ...(totalMemoryBytes === undefined ? {} : { totalMemoryBytes }),
    ...(markAfterBytes === undefined ? {} : { markAfterBytes }),
    ...(queueTypeOf === undefined ? {} : { queueTypeOf }),
  });
}

export async function openStore(options: FixtureOptions): Promise<DefaultMessageStore> {
  const store = makeStore(options);
  await store.start();
  return store;
}

/** Puts all of them in one turn. */
export function putAll(store: DefaultMessageStore, messages: readonly AppendMessage[]): Promise<PutResult[]> {
  return Promise.all(messages.map((one) => store.put(one)));
}

/** Everything a consumer of the queue reads from `offset` on. */
export async function readAll(
  store: DefaultMessageStore,
  topic = 'T',
  queueId = 0,
  offset = store.minOffsetInQueue(topic, queueId),
): Promise<MessageExt[]> {
  const messages: MessageExt[] = [];
  for (let next = offset; ;) {
    const result = await store.getMessage({ group: 'G', topic, queueId, offset: next, maxMsgNums: 32 });
    messages.push(...decodeRecords(Buffer.concat(result.buffers)));
    result.release();
    if (result.nextBeginOffset <= next || next >= result.maxOffset) return messages;
    next = result.nextBeginOffset;
  }
}

export async function bodies(store: DefaultMessageStore, topic = 'T', queueId = 0): Promise<string[]> {
  return (await readAll(store, topic, queueId)).map((one) => one.body.toString());
}

/** Lets promise callbacks and due immediates run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
