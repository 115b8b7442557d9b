// Store directories written by Apache's brokers, opened by ours, compared with what Apache's own store reads from them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecord, javaHashCode } from '@mq/remoting/message';
import { ManualClock } from '@mq/remoting';
import { BATCH_ENTRY_BYTES, readBatchEntry } from './consume-queue/batch-consume-queue-entry.js';
import { DefaultMessageStore, messageStoreSettings } from './index.js';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import {
  openGoldenStore,
  type ExpectedEntry,
  type ExpectedStore,
  type GoldenStore,
} from '../test/golden-store.js';

interface Expected extends ExpectedStore {
  readonly commitLog: ExpectedStore['commitLog'] & { readonly records: readonly [number, number][] };
  readonly offsetByTime?: readonly {
    topic: string;
    queueId: number;
    timestamp: number;
    lower?: number;
    upper?: number;
    default?: number;
  }[];
  readonly getMessage?: readonly {
    topic: string;
    queueId: number;
    offset: number;
    maxMsgNums: number;
    status: string;
    nextBeginOffset: number;
    minOffset: number;
    maxOffset: number;
    messageCount: number;
    bufferTotalSize: number;
    queueOffsets: readonly number[];
  }[];
}

const VERSIONS = ['5.3.3', '4.9.7'] as const;
/** Why an archive is not opened. */
const SKIPPED: Readonly<Record<string, string>> = {
  'store-dledger.tar.gz': 'a DLedger log has its own format and package',
};
/** Where ours differs on purpose. */
const REFUSED = new Set(['crash-crc']);
/** Has batch queues: each record holds several messages, whose tags no entry tells. */
const BATCHES = 'TopicBcq';

describe.each(VERSIONS)('a store directory of Apache %s', (version) => {
  describeGolden('opened by this store', () => {
    const dir = goldenPath(`store-${version}`);
    const archives = readdirSync(dir).filter((name) => name.endsWith('.tar.gz'));
    for (const archive of archives) {
      const reason = SKIPPED[archive];
      if (reason !== undefined) {
        test.skip(`${archive}: ${reason}`, () => undefined);
        continue;
      }
      const kind = /^store(?:-(.+))?\.tar\.gz$/.exec(archive)?.[1] ?? '';
      if (REFUSED.has(kind)) describeRefused(dir, kind);
      else describeArchive(dir, version, kind);
    }
  });
});

function open(golden: GoldenStore, version: string): DefaultMessageStore {
  const given = new Map(golden.settings);
  given.set('storePathRootDir', golden.root);
  const { values, problems } = messageStoreSettings.parse(given);
  expect(problems).toEqual([]);
  // As the expected data was made: 5.3.3 was opened as master, 4.9.7 as slave. Nothing may expire meanwhile.
  const brokerRole = version === '4.9.7' ? 'SLAVE' : 'ASYNC_MASTER';
  return new DefaultMessageStore(
    { ...values, brokerRole, offsetCheckInSlave: true },
    {
      clock: new ManualClock(1_795_300_000_000),
      queueTypeOf: (topic) => (topic === BATCHES ? 'BatchCQ' : 'SimpleCQ'),
    },
  );
}

/** A flipped bit with valid records behind it: Apache cuts the log there, this store refuses and says where. */
function describeRefused(dir: string, kind: string): void {
  test(`${kind}: damage before valid records is refused, naming file and position`, async () => {
    const golden = openGoldenStore(dir, kind);
    try {
      const store = open(golden, '5.3.3');
      const { maxOffset } = golden.expected.commitLog;
      await expect(store.start()).rejects.toMatchObject({
        code: 'CORRUPT',
        path: expect.stringMatching(/commitlog\/\d{20}$/) as unknown,
        position: maxOffset % 65_536,
      });
      await store.close();
    } finally {
      golden.cleanup();
    }
  });
}

function describeArchive(dir: string, version: string, kind: string): void {
  describe(kind === '' ? 'clean' : kind, () => {
    let golden: GoldenStore;
    let store: DefaultMessageStore;
    let expected: Expected;
    beforeAll(async () => {
      golden = openGoldenStore(dir, kind);
      expected = (kind === 'crash-nocq' ? openExpected(dir, 'kill9') : golden.expected) as Expected;
      store = open(golden, version);
      await store.start();
    });
    afterAll(async () => {
      await store.close();
      golden.cleanup();
    });

    test('the log begins and ends where Apache says', () => {
      expect(store.minPhyOffset).toBe(expected.commitLog.minOffset);
      expect(store.maxPhyOffset).toBe(expected.commitLog.maxOffset);
      expect(store.dispatchBehindBytes).toBe(0);
    });

    test('every record is found, whole', async () => {
      const { records } = expected.commitLog;
      const found = await Promise.all(records.map(([offset]) => store.recordAt(offset)));
      const facts = found.map((record) => [decodeRecord(record!)!.commitLogOffset, record!.length]);
      expect(facts).toEqual(records);
    });

    // crash-nocq: upstream rebuilds only what its checkpoint does not vouch for and leaves a hole; here nothing is
    // missing, as after a plain kill.
    test('every queue has the entries Apache has', async () => {
      for (const [topic, byId] of Object.entries(expected.queues)) {
        for (const [queueId, queue] of Object.entries(byId)) {
          const id = Number(queueId);
          expect([topic, id, store.minOffsetInQueue(topic, id)]).toEqual([topic, id, queue.minOffset]);
          expect([topic, id, store.maxOffsetInQueue(topic, id)]).toEqual([topic, id, queue.maxOffset]);
          const entries = await store.consumeQueueEntries(topic, id, 0, queue.maxOffset);
          expect(entries.map((entry) => [entry.queueOffset, entry.commitLogOffset, entry.sizeBytes])).toEqual(
            queue.messages.map((entry) => {
              const named = 'queueOffset' in entry ? entry : undefined;
              return named === undefined
                ? (entry as number[]).slice(0, 3)
                : [named.queueOffset, named.commitLogOffset, named.size];
            }),
          );
          if (queue.type === 'BatchCQ' && kind === '')
            expect(entries.map(({ batchSize }) => batchSize)).toEqual(
              (queue.messages as readonly ExpectedEntry[]).map(({ batchNum }) => batchNum),
            );
        }
      }
    });

    test('filtering by tag gives the messages that have it', async () => {
      let found = 0;
      for (const [topic, queueId, named] of namedEntries(expected)) {
        const tags = new Set(named.map((entry) => entry.tags));
        for (const tag of [...tags, 'a tag that nothing has']) {
          const wanted = named.filter((entry) => entry.tags === tag).map((entry) => entry.queueOffset);
          expect([topic, queueId, tag, await offsetsByTag(topic, queueId, tag)]).toEqual([
            topic,
            queueId,
            tag,
            wanted,
          ]);
          found += wanted.length;
        }
      }
      if (kind === '' || kind === 'ext') expect(found).toBeGreaterThan(100);
    });

    test('the code of an entry is its tag, or when it is to be delivered, wherever the queue keeps it', async () => {
      for (const [topic, queueId, named] of namedEntries(expected, () => true)) {
        const entries = await store.consumeQueueEntries(topic, queueId, 0, named.length);
        const codes = named.map((entry) => entry.ext?.tagsCode ?? entry.tagsCode);
        expect(entries.map((entry) => entry.tagsCode)).toEqual(codes);
        expect(entries.map(({ extension }) => extension)).toEqual(
          named.map(({ ext, tagsCode }) => {
            if (ext === undefined || ext === null) return undefined;
            const filterBitMap = ext.filterBitMap === null ? undefined : Buffer.from(ext.filterBitMap, 'hex');
            const { size: sizeBytes, msgStoreTime: storeTimestamp } = ext;
            return {
              address: BigInt(tagsCode),
              unit: { sizeBytes, tagsCode: ext.tagsCode, storeTimestamp, filterBitMap },
            };
          }),
        );
      }
    });

    async function offsetsByTag(topic: string, queueId: number, tag: string | undefined): Promise<number[]> {
      const code = javaHashCode(tag ?? '');
      const offsets: number[] = [];
      for (let offset = 0; offset < store.maxOffsetInQueue(topic, queueId);) {
        const filter = { matchesTagsCode: (tagsCode: number) => tagsCode === code };
        const result = await store.getMessage({ group: 'G', topic, queueId, offset, maxMsgNums: 32, filter });
        const bytes = Buffer.concat(result.buffers);
        for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at))
          offsets.push(Number(bytes.readBigInt64BE(at + 20)));
        result.release();
        if (result.nextBeginOffset <= offset) break;
        offset = result.nextBeginOffset;
      }
      return offsets;
    }

    test('getMessage answers as Apache does', async () => {
      for (const row of expected.getMessage ?? []) {
        const { topic, queueId, offset, maxMsgNums } = row;
        const result = await store.getMessage({ group: 'G', topic, queueId, offset, maxMsgNums });
        const offsets: number[] = [];
        const bytes = Buffer.concat(result.buffers);
        for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at)) {
          offsets.push(Number(bytes.readBigInt64BE(at + 20)));
        }
        const { status, nextBeginOffset, minOffset, maxOffset, messageCount, bufferTotalSize } = result;
        const answer = { topic, queueId, offset, maxMsgNums, status, nextBeginOffset, minOffset, maxOffset };
        expect({ ...answer, messageCount, bufferTotalSize, queueOffsets: offsets }).toEqual(row);
        result.release();
      }
    });

    test('offsets by time are those of Apache', async () => {
      // 4.9.7 has no boundaries but a rule of its own: the nearest by time.
      const rows = (expected.offsetByTime ?? []).filter((row) => row.lower !== undefined);
      const answers = rows.map(async (row) => ({
        ...row,
        lower: await store.offsetInQueueByTime(row.topic, row.queueId, row.timestamp),
        upper: await store.offsetInQueueByTime(row.topic, row.queueId, row.timestamp, 'UPPER'),
      }));
      expect(await Promise.all(answers)).toEqual(rows);
    });

    // After a crash this store may find more: it keeps index files that Apache drops, and rebuilds what was lost.
    test('the index finds what Apache finds', async () => {
      const isSuperset = golden.expected.abortFilePresent;
      // Every query against the stores as they were closed or killed, every seventh against their damaged copies.
      const rows = expected.index.queries.filter((_, i) => !kind.startsWith('crash') || i % 7 === 0);
      const answers = await Promise.all(rows.map((row) => answer(row)));
      expect(answers.length).toBeGreaterThan(0);
      const lost = answers.filter(({ really, found }) => really.some((offset) => !found.includes(offset)));
      expect(lost).toEqual([]);
      if (!isSuperset)
        expect(answers.filter(({ really, found }) => found.length !== really.length)).toEqual([]);
    });

    /** What the store finds, and those of Apache's rows (which are what the hash matched) that really have the key. */
    // The last one: it closes the store.
    if (version === '5.3.3' && kind === '') {
      test('a batch queue goes on with entries like those before them', async () => {
        const path = join(golden.root, 'batchconsumequeue', BATCHES, '0', '00000000000000000000');
        const before = readFileSync(path);
        const { messages } = expected.queues[BATCHES]!['0']!;
        const last = decodeRecord(
          (await store.recordAt((messages.at(-1) as ExpectedEntry).commitLogOffset))!,
        )!;
        const host = Buffer.from([127, 0, 0, 1, 0, 0, 0, 1]);
        const message = {
          ...{ topic: BATCHES, queueId: 0, flag: 0, sysFlag: last.sysFlag, bornTimestamp: 0 },
          ...{ bornHost: host, storeHost: host, reconsumeTimes: 0, preparedTransactionOffset: 0 },
          ...{ body: last.body, innerCount: 5, properties: Buffer.alloc(0), waitStoreMsgOk: true },
        };
        expect(await store.put(message)).toMatchObject({ status: 'PUT_OK', queueOffset: 15 });
        expect(store.maxOffsetInQueue(BATCHES, 0)).toBe(20);
        await store.close();
        const again = open(golden, version);
        await again.start();
        try {
          const [entry] = await again.consumeQueueEntries(BATCHES, 0, 17, 10);
          expect(entry).toMatchObject({ queueOffset: 15, batchSize: 5, tagsCode: 0 });
          const record = decodeRecord((await again.recordAt(entry!.commitLogOffset))!)!;
          expect(record.properties).toEqual({ INNER_NUM: '5', INNER_BASE: '15' });
          const after = readFileSync(path);
          const written = messages.length * BATCH_ENTRY_BYTES;
          expect(after.subarray(0, written).equals(before.subarray(0, written))).toBe(true);
          expect(readBatchEntry(after, written)).toMatchObject({ baseOffset: 15, compactedOffset: -1 });
        } finally {
          await again.close();
        }
      });
    }

    async function answer(
      row: Expected['index']['queries'][number],
    ): Promise<{ really: number[]; found: number[] }> {
      const end = Math.min(Number(row.end), Number.MAX_SAFE_INTEGER);
      const result = await store.queryMessage(row.topic, row.key, row.maxNum, Number(row.begin), end);
      const found = result.buffers.map((record) => decodeRecord(record)!.commitLogOffset);
      const really = new Set<number>();
      for (const offset of row.phyOffsets) {
        const { topic, properties } = decodeRecord((await store.recordAt(offset))!)!;
        const keys = [properties['UNIQ_KEY'], ...(properties['KEYS'] ?? '').split(' ')];
        if (topic === row.topic && keys.includes(row.key)) really.add(offset);
      }
      return { really: [...really], found };
    }
  });
}

interface NamedEntry extends ExpectedEntry {
  readonly tags?: string;
}

/** Queues whose entries the expected data describes by name; those of the schedule, and batches, have no tags. */
function* namedEntries(
  { queues }: Expected,
  isWanted = (topic: string): boolean => topic !== 'SCHEDULE_TOPIC_XXXX',
): Generator<[string, number, NamedEntry[]]> {
  for (const [topic, byId] of Object.entries(queues)) {
    if (topic === BATCHES || !isWanted(topic)) continue;
    for (const [queueId, { messages }] of Object.entries(byId)) {
      const named = messages.filter((entry): entry is NamedEntry => 'queueOffset' in entry);
      if (named.length > 0) yield [topic, Number(queueId), named];
    }
  }
}

function openExpected(dir: string, kind: string): ExpectedStore {
  const golden = openGoldenStore(dir, kind);
  golden.cleanup();
  return golden.expected;
}
