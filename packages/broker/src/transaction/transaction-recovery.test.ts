import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeGolden, goldenPath } from '@mq-tools/testing';
import { ManualClock, silentLogger } from '@mq/remoting';
import { parseFastjson } from '@mq/remoting/protocol';
import { parseProperties } from '@mq/remoting/settings';
import { DefaultMessageStore, type MessageStore, messageStoreSettings } from '@mq/store';

import { HalfLedger } from './half-ledger.js';
import { OpBatch } from './op-batch.js';
import { recoverTransactions } from './transaction-recovery.js';

const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';

interface Recorded {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly preparedTransactionOffset: number;
}

describeGolden('transactions recovered from a store of Apache', () => {
  describe.each(['5.3.3', '4.9.7'])('%s', (version) => {
    const directory = mkdtempSync(join(tmpdir(), 'mq-transactions-'));
    const root = join(directory, 'store');
    let store: DefaultMessageStore;
    let recorded: (topic: string) => Recorded[];
    beforeAll(async () => {
      execFileSync('tar', ['xzf', goldenPath(`store-${version}/store.tar.gz`), '-C', directory]);
      const given = parseProperties(readFileSync(goldenPath(`store-${version}/config.properties`), 'utf8'));
      given.set('storePathRootDir', root);
      given.set('storePathCommitLog', join(root, 'commitlog'));
      store = new DefaultMessageStore(messageStoreSettings.parse(given).values, {
        clock: new ManualClock(1_795_300_000_000),
      });
      await store.start();
      const { queues } = JSON.parse(readFileSync(goldenPath(`store-${version}/expected.json`), 'utf8')) as {
        queues: Record<string, Record<string, { messages: Recorded[] }>>;
      };
      recorded = (topic) => Object.values(queues[topic] ?? {}).flatMap(({ messages }) => messages);
    });
    afterAll(async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    });

    /** Half offsets that wait, with the group's progress as `query` says and what `seen` shows of the store. */
    const recover = async (query: (topic: string) => number, seen: MessageStore = store) => {
      const ledger = new HalfLedger();
      const ops = new OpBatch({
        store: seen,
        clock: new ManualClock(1_795_300_000_000),
        logger: silentLogger,
        storeHost: () => Buffer.alloc(8),
        maxBytes: () => 1_000_000,
        intervalMs: () => 1_000,
        commitsEndedBelow: () => 0,
      });
      const consumerOffsets = { query: (_group: string, topic: string) => query(topic) };
      await recoverTransactions({ store: seen, consumerOffsets, ledger, ops, logger: silentLogger });
      const waiting: number[] = [];
      for (let offset = ledger.progress; offset < store.maxOffsetInQueue(HALF, 0); offset++) {
        if (!ledger.isDecided(offset)) waiting.push(offset);
      }
      return { waiting, ledger, ops };
    };

    test('nothing waits behind the progress it stored', async () => {
      const text = readFileSync(join(root, 'config/consumerOffset.json'), 'utf8');
      const { offsetTable } = parseFastjson(text) as { offsetTable: Record<string, Map<number, number>> };
      const stored = (topic: string) => offsetTable[`${topic}@CID_RMQ_SYS_TRANS`]?.get(0) ?? -1;
      const { waiting, ledger, ops } = await recover(stored);
      expect(waiting).toEqual([]);
      expect(ledger.progress).toBe(stored(HALF));
      expect(ops.progress).toBe(stored(OP));
    });

    test('without its progress only the older copies of checked messages wait: Apache does not link them', async () => {
      const { waiting, ledger, ops } = await recover(() => -1);
      // Two of the recorded messages were checked, and appended again as the last two.
      expect(waiting).toEqual([13, 14]);
      expect(ledger.progress).toBe(0);
      expect(ops.progressFor(13)).toBe(version === '5.3.3' ? 1 : 13);
      expect(ops.progressFor(17)).toBe(store.maxOffsetInQueue(OP, 0));
    });

    test('without op messages the commits are found in the log', async () => {
      const committed = new Set(
        recorded('TopicTrans').map(({ preparedTransactionOffset }) => preparedTransactionOffset),
      );
      expect(committed.size).toBe(9);
      const withoutOps = new Proxy<MessageStore>(store, {
        get: (target, name) => {
          if (name === 'maxOffsetInQueue') {
            return (topic: string, queueId: number) =>
              topic === OP ? 0 : target.maxOffsetInQueue(topic, queueId);
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      const { waiting } = await recover(() => -1, withoutOps);
      const expected = recorded(HALF)
        .filter(({ commitLogOffset }) => !committed.has(commitLogOffset))
        .map(({ queueOffset }) => queueOffset);
      expect(expected.length).toBeGreaterThan(0);
      expect(waiting).toEqual(expected);
    });
  });
});
