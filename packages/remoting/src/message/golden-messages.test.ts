// Walks golden/message: every file Apache's encoders wrote, read by ours and written back.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { decodeBatch } from './batch.js';
import { decompress, loadCompression } from './compression.js';
import { decodeRecord, decodeRecords } from './decode-record.js';
import { parseHostText } from './host.js';
import type { MessageExt } from './message.js';
import { decodeProperties } from './properties.js';
import {
  checkRecord,
  encodeRecord,
  MAGIC_V1,
  MAGIC_V2,
  recordBornTimestamp,
  recordFlag,
  RecordLayout,
  recordMagic,
  RecordOffset,
  recordPhysicalOffset,
  recordPreparedTransactionOffset,
  recordQueueId,
  recordQueueOffset,
  recordReconsumeTimes,
  recordSize,
  recordStoreTimestamp,
  recordSysFlag,
  storeHostAt,
  storeTimestampAt,
} from './record.js';
import { compressionTypeOf } from './sys-flag.js';

interface JavaMessage {
  magic: number;
  topic: string;
  queueId: number;
  flag: number;
  queueOffset: number | string;
  commitLogOffset: number | string;
  storeSize: number;
  sysFlagStored: number;
  sysFlagDecoded: number;
  bodyCRC: number;
  bornTimestamp: number;
  bornHost: string;
  storeTimestamp: number;
  storeHost: string;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  bodySize: number;
  bodySha256: string | null;
  msgId: string;
  properties: Record<string, string> | null;
  position?: number;
}

interface Entry {
  name: string;
  file: string;
  size: number;
  message?: JavaMessage | null;
  /** The last may say where Java could read no further. */
  messages?: (JavaMessage | { position: number; decoded: null })[];
  clientMessages?: { flag: number; bodyText: string; properties: Record<string, string> }[];
  records?: { position: number; size: number; blank?: boolean }[];
}

/** Java reads null here, we deliver the body compressed: dropping it would lose the rest of the batch as well. */
const DELIVERED_COMPRESSED = new Set(['compressed-flag-but-plain-body']);
/** Records our writer never makes: a CRC not of the body, a long beyond 2^53, version 2 for a short topic. */
const NOT_REWRITABLE = new Set([
  'extreme-numbers',
  'bad-crc',
  'properties-40000-negative-length',
  'topic-v2-short',
]);
/** Files of this folder that other tests read. */
const READ_ELSEWHERE = new Set(['index.json', 'ids.json', 'properties-string.json']);

const LONGEST_SAFE = Number.MAX_SAFE_INTEGER;

function saturated(value: number | string): number {
  return typeof value === 'number' ? value : Math.min(Number(value), LONGEST_SAFE);
}

function expectMessage(actual: MessageExt | undefined, java: JavaMessage): void {
  expect(actual).toBeDefined();
  const message = actual!;
  expect({
    topic: message.topic,
    queueId: message.queueId,
    flag: message.flag,
    queueOffset: message.queueOffset,
    commitLogOffset: message.commitLogOffset,
    storeSize: message.storeSize,
    sysFlag: message.sysFlag,
    bodyCRC: message.bodyCRC,
    bornTimestamp: message.bornTimestamp,
    bornHost: parseHostText(message.bornHost),
    storeTimestamp: message.storeTimestamp,
    storeHost: parseHostText(message.storeHost),
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    bodySize: message.body.length,
    offsetMsgId: message.offsetMsgId,
    properties: { ...message.properties },
  }).toEqual({
    topic: java.topic,
    queueId: java.queueId,
    flag: java.flag,
    queueOffset: saturated(java.queueOffset),
    commitLogOffset: saturated(java.commitLogOffset),
    storeSize: java.storeSize,
    sysFlag: java.sysFlagDecoded,
    bodyCRC: java.bodyCRC,
    bornTimestamp: java.bornTimestamp,
    bornHost: parseHostText(java.bornHost),
    storeTimestamp: java.storeTimestamp,
    storeHost: parseHostText(java.storeHost),
    reconsumeTimes: java.reconsumeTimes,
    preparedTransactionOffset: java.preparedTransactionOffset,
    bodySize: java.bodySize,
    offsetMsgId: java.msgId,
    properties: java.properties ?? {},
  });
  expect(message.msgId).toBe(java.properties?.['UNIQ_KEY'] ?? java.msgId);
  if (java.bodySha256 !== null)
    expect(createHash('sha256').update(message.body).digest('hex')).toBe(java.bodySha256);
}

/** Writes the record again from its parts. */
function rewritten(buf: Buffer, at: number): Buffer {
  const layout = new RecordLayout();
  expect(layout.locate(buf, at)).toBe(true);
  const sysFlag = recordSysFlag(buf, at);
  const properties = buf.subarray(layout.propertiesStart, layout.propertiesEnd);
  const appendPropertyCrc = decodeProperties(properties.toString())['__CRC32#'] !== undefined;
  return encodeRecord({
    topic: buf.subarray(layout.topicStart, layout.topicEnd),
    queueId: recordQueueId(buf, at),
    flag: recordFlag(buf, at),
    queueOffset: recordQueueOffset(buf, at),
    physicalOffset: recordPhysicalOffset(buf, at),
    sysFlag,
    bornTimestamp: recordBornTimestamp(buf, at),
    bornHost: buf.subarray(at + RecordOffset.BORN_HOST, at + storeTimestampAt(sysFlag)),
    storeTimestamp: recordStoreTimestamp(buf, at),
    storeHost: buf.subarray(at + storeHostAt(sysFlag), at + storeHostAt(sysFlag) + (sysFlag & 0x20 ? 20 : 8)),
    reconsumeTimes: recordReconsumeTimes(buf, at),
    preparedTransactionOffset: recordPreparedTransactionOffset(buf, at),
    body: buf.subarray(layout.bodyStart, layout.bodyEnd),
    properties: appendPropertyCrc ? properties.subarray(0, properties.length - 20) : properties,
    appendPropertyCrc,
  });
}

function expectRewritable(name: string, buf: Buffer, at: number): void {
  if (NOT_REWRITABLE.has(name)) return;
  const size = recordSize(buf, at);
  expect(rewritten(buf, at).equals(buf.subarray(at, at + size))).toBe(true);
  expect(checkRecord(buf, at, at + size)).toEqual({ kind: 'record', sizeBytes: size });
}

describeGolden('messages written by Apache', () => {
  const folder = goldenPath('message');
  const entries = (JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { messages: Entry[] })
    .messages;
  const bytesOf = (entry: Entry): Buffer => readFileSync(join(folder, entry.file));

  beforeAll(loadCompression);

  test('every file of the folder is an entry that some test reads', () => {
    const known = new Set([...READ_ELSEWHERE, ...entries.map((entry) => entry.file)]);
    const bodies = entries.map((entry) => entry.file.replace(/\.bin$/, '.body'));
    const unknown = readdirSync(folder).filter((file) => !known.has(file) && !bodies.includes(file));
    expect(unknown).toEqual([]);
  });

  test.each(entries.map((entry) => [entry.name, entry] as const))(
    '%s reads as Java reads it',
    (name, entry) => {
      const bytes = bytesOf(entry);
      expect(bytes.length).toBe(entry.size);
      if (DELIVERED_COMPRESSED.has(name)) {
        expect(decodeRecord(bytes)).toMatchObject({ sysFlag: recordSysFlag(bytes, 0) });
      } else if (entry.message === null) {
        expect(decodeRecord(bytes)).toBeUndefined();
      } else if (entry.message) {
        expect(recordMagic(bytes, 0)).toBe(entry.message.magic);
        expect([MAGIC_V1, MAGIC_V2]).toContain(entry.message.magic);
        expectMessage(decodeRecord(bytes), entry.message);
        expectRewritable(name, bytes, 0);
      } else if (entry.messages) {
        const readable = entry.messages.filter((java): java is JavaMessage => !('decoded' in java));
        const stops = entry.messages.filter((java) => 'decoded' in java).map((java) => java.position);
        const unreadable: number[] = [];
        const messages = decodeRecords(bytes, { onUnreadable: (at) => unreadable.push(at) });
        expect(messages).toHaveLength(readable.length);
        let at = 0;
        readable.forEach((java, i) => {
          expectMessage(messages[i], java);
          expectRewritable(name, bytes, at);
          at += java.storeSize;
        });
        expect(unreadable).toEqual(stops);
      } else if (entry.clientMessages) {
        const blocks = decodeBatch(bytes).map((block) => ({
          flag: block.flag,
          bodyText: block.body.toString('utf8'),
          properties: { ...decodeProperties(block.properties.toString('utf8')) },
        }));
        expect(blocks).toEqual(entry.clientMessages);
      } else if (entry.records) {
        for (const { position, size, blank } of entry.records) {
          const check = checkRecord(bytes, position, bytes.length, {
            requirePropertyCrc: true,
            ...(blank ? {} : { physicalOffset: position }),
          });
          expect(check).toEqual({ kind: blank ? 'blank' : 'record', sizeBytes: size });
        }
      } else {
        throw new Error(`${name}: an entry of a kind this test does not know`);
      }
    },
  );

  const bodies = entries.filter((entry) =>
    readdirSync(folder).includes(entry.file.replace(/\.bin$/, '.body')),
  );
  test.each(bodies.map((entry) => [entry.name, entry] as const))(
    '%s: the bare body decompresses',
    (_, entry) => {
      const body = readFileSync(join(folder, entry.file.replace(/\.bin$/, '.body')));
      const content = decompress(compressionTypeOf(entry.message!.sysFlagStored)!, body);
      expect(createHash('sha256').update(content).digest('hex')).toBe(entry.message!.bodySha256);
    },
  );
});
