// What Apache's brokers left behind with SQL92 groups, bloom filter and extended queue entries: the file of expressions,
// and the bits of every message.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ManualClock, silentLogger } from '@mq/remoting';
import { encodeProperties } from '@mq/remoting/message';
import { describeGolden, goldenPath } from '@mq-tools/testing';

import { MemoryText } from '../testing/memory-text.js';
import { ConsumerFilterManager } from './consumer-filter-manager.js';
import { calcFilterBitMap } from './filter-bit-map.js';

interface GoldenEntry {
  readonly topic: string;
  readonly properties: Record<string, string>;
  readonly storeTimestamp: number;
  readonly ext?: { readonly filterBitMap: string | null };
}

interface Golden {
  readonly queues: Record<string, Record<string, { readonly messages: readonly GoldenEntry[] }>>;
}

describeGolden('SQL92 groups of Apache', () => {
  describe.each(['5.3.3', '4.9.7'])('%s', (version) => {
    let directory: string;
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'mq-filter-'));
      const archive = join(goldenPath(`store-${version}`), 'store-ext.tar.gz');
      execFileSync('tar', ['xzf', archive, '-C', directory, 'store/config']);
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    function load(): { filters: ConsumerFilterManager; file: MemoryText; text: string } {
      const text = readFileSync(join(directory, 'store', 'config', 'consumerFilter.json'), 'utf8');
      const file = new MemoryText(text);
      const broker = {
        maxErrorRateOfBloomFilter: 20,
        expectConsumerNumUseFilter: 4,
        filterDataCleanTimeSpan: Infinity,
      };
      const clock = new ManualClock(1_795_300_000_000);
      const filters = new ConsumerFilterManager({ settings: { broker }, clock, logger: silentLogger, file });
      filters.load();
      return { filters, file, text };
    }

    test('consumerFilter.json is read, and written as it was', () => {
      const { filters, file, text } = load();
      expect(filters.ofTopic('TopicExt')!.size).toBe(4);
      filters.persist();
      expect(JSON.parse(file.text!)).toEqual(JSON.parse(text));
    });

    test('every message gets the bits that it got there', () => {
      const { filters } = load();
      const golden = JSON.parse(
        readFileSync(join(goldenPath(`store-${version}`), 'expected-ext.json'), 'utf8'),
      ) as Golden;
      const bitsOf = calcFilterBitMap(filters, { broker: { enableCalcFilterBitMap: true } });
      let compared = 0;
      for (const ofTopic of Object.values(golden.queues)) {
        for (const { messages } of Object.values(ofTopic)) {
          for (const { topic, properties, storeTimestamp, ext } of messages) {
            if (ext === undefined) continue;
            const bytes = Buffer.from(encodeProperties(properties));
            const bits = bitsOf(topic, storeTimestamp, bytes, 0, bytes.length);
            expect(bits?.toString('hex') ?? null).toBe(ext.filterBitMap);
            if (bits !== undefined) compared++;
          }
        }
      }
      expect(compared).toBeGreaterThan(100);
    });
  });
});
