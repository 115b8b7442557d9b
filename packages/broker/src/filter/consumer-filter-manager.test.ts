import { ManualClock, silentLogger } from '@mq/remoting';
import { buildSubscriptionData, type SubscriptionData } from '@mq/remoting/protocol';

import { MemoryText } from '../testing/memory-text.js';
import { isDead } from './consumer-filter-data.js';
import { ConsumerFilterManager } from './consumer-filter-manager.js';

const START_MS = 1_000_000;
const settings = {
  broker: {
    maxErrorRateOfBloomFilter: 20,
    expectConsumerNumUseFilter: 32,
    filterDataCleanTimeSpan: 86_400_000,
  },
};

function setUp({
  text,
  broker = settings.broker,
}: { text?: string | undefined; broker?: typeof settings.broker } = {}) {
  const clock = new ManualClock(START_MS);
  const file = new MemoryText(text);
  const filters = new ConsumerFilterManager({ settings: { broker }, clock, logger: silentLogger, file });
  filters.load();
  return { clock, file, filters };
}

function sql(topic: string, expression: string, version = 1): SubscriptionData {
  return buildSubscriptionData(topic, expression, 'SQL92', version);
}

function properties(entries: Record<string, string>): { property(name: string): string | undefined } {
  return { property: (name) => entries[name] };
}

describe('the SQL92 expressions of groups', () => {
  test('are what heartbeats declare; tags are none of theirs', () => {
    const { filters } = setUp();
    filters.register('G', [sql('T', 'a > 1', 7), buildSubscriptionData('Tags', 'x || y')]);
    expect(filters.get('Tags', 'G')).toBeUndefined();
    const data = filters.get('T', 'G')!;
    expect(data).toMatchObject({ expression: 'a > 1', clientVersion: 7, bornTime: START_MS, deadTime: 0 });
    expect(data.bloomFilterData).toEqual(filters.bloomFilter.generate('G#T'));
    expect(data.filter!.matches(properties({ a: '2' }))).toBe(true);
    expect([...filters.ofTopic('T')!.keys()]).toEqual(['G']);
    expect(filters.ofTopic('Other')).toBeUndefined();
  });

  test('stay as they are when a newer subscription says the same, and count from their beginning', async () => {
    const { filters, clock } = setUp();
    filters.register('G', [sql('T', 'a > 1', 7)]);
    const first = filters.get('T', 'G');
    await clock.advance(100);
    filters.register('G', [sql('T', 'a > 1', 8)]);
    expect(filters.get('T', 'G')).toBe(first);
    expect(first).toMatchObject({ clientVersion: 8, bornTime: START_MS });
  });

  test('are replaced by a newer version only', async () => {
    const { filters, clock } = setUp();
    filters.register('G', [sql('T', 'a > 1', 7)]);
    await clock.advance(100);
    for (const version of [6, 7]) filters.register('G', [sql('T', 'a > 2', version)]);
    expect(filters.get('T', 'G')!.expression).toBe('a > 1');
    filters.register('G', [sql('T', 'a > 2', 8)]);
    expect(filters.get('T', 'G')).toMatchObject({ expression: 'a > 2', bornTime: START_MS + 100 });
  });

  test('are gone when the newer one does not compile: the consumer is to learn of it', () => {
    const { filters } = setUp();
    filters.register('G', [sql('T', 'a > 1', 7)]);
    filters.register('G', [sql('T', 'a >', 8)]);
    expect(filters.get('T', 'G')).toBeUndefined();
    expect(filters.ofTopic('T')).toBeUndefined();
    filters.register('G', [{ ...sql('T', 'a > 1', 9), expressionType: 'LUA' }]);
    expect(filters.get('T', 'G')).toBeUndefined();
  });

  test('are dead without consumers or without the subscription, and live again with them', () => {
    const { filters } = setUp();
    const both = [sql('T', 'a > 1', 7), sql('U', 'b > 1', 7)];
    filters.register('G', both);
    const [ofT, ofU] = [filters.get('T', 'G')!, filters.get('U', 'G')!];
    filters.register('G', [both[0]!]);
    expect([isDead(ofT), isDead(ofU)]).toEqual([false, true]);
    filters.unregister('G');
    expect(isDead(ofT)).toBe(true);
    filters.register('G', both);
    expect([filters.get('T', 'G'), filters.get('U', 'G')]).toEqual([ofT, ofU]);
    expect([isDead(ofT), isDead(ofU)]).toEqual([false, false]);
  });

  test('are born after every message whose bits were computed without them, whatever the clock says', () => {
    const { filters } = setUp();
    filters.noteStored(START_MS + 50);
    filters.register('G', [sql('T', 'a > 1')]);
    const data = filters.get('T', 'G')!;
    expect(data.bornTime).toBe(START_MS + 50);
    const filter = filters.filterOfData(data)!;
    const noBits = Buffer.alloc(filters.bloomFilter.bitCount / 8);
    expect(filter.matchesBitMap!(noBits, START_MS + 50)).toBe(true);
    expect(filter.matchesBitMap!(noBits, START_MS + 51)).toBe(false);
    // Bits of another shape say nothing.
    expect(filter.matchesBitMap!(Buffer.alloc(2), START_MS + 51)).toBe(true);
  });
});

describe('config/consumerFilter.json', () => {
  test('keeps the expressions over a restart, whose consumers count as gone', () => {
    const before = setUp();
    before.filters.register('G', [sql('T', 'a > 1', 7)]);
    before.filters.register('H', [sql('T', "b = 'x'", 8), sql('U', 'c IS NULL', 8)]);
    before.filters.persist();
    const { filters } = setUp({ text: before.file.text });
    const { filter: _filter, ...data } = filters.get('T', 'G')!;
    const { filter: _before, ...known } = before.filters.get('T', 'G')!;
    expect(data).toEqual({ ...known, deadTime: START_MS });
    expect(filters.get('U', 'H')!.filter!.matches(properties({}))).toBe(true);
    filters.register('G', [sql('T', 'a > 1', 7)]);
    expect(isDead(filters.get('T', 'G')!)).toBe(false);
  });

  test('is written when something changed, and not otherwise', () => {
    const { filters, file } = setUp();
    filters.persist();
    expect(file.writes).toBe(0);
    filters.register('G', [sql('T', 'a > 1', 7)]);
    filters.persist();
    filters.persist();
    expect(file.writes).toBe(1);
  });

  test('loses expressions that are dead for too long', async () => {
    const { filters, file, clock } = setUp();
    filters.register('G', [sql('T', 'a > 1', 7)]);
    filters.unregister('G');
    await clock.advance(settings.broker.filterDataCleanTimeSpan - 1);
    filters.persist();
    expect(filters.get('T', 'G')).toBeDefined();
    await clock.advance(1);
    filters.persist();
    expect(filters.ofTopic('T')).toBeUndefined();
    expect(JSON.parse(file.text!)).toEqual({ filterDataByTopic: {} });
  });

  test('is not believed when the bits have another meaning now', () => {
    const before = setUp();
    before.filters.register('G', [sql('T', 'a > 1', 7)]);
    before.filters.persist();
    const broker = { ...settings.broker, maxErrorRateOfBloomFilter: 10 };
    const { filters } = setUp({ text: before.file.text, broker });
    expect(filters.get('T', 'G')).toBeUndefined();
  });

  test.each([
    '{}',
    '{"filterDataByTopic":null}',
    '{"filterDataByTopic":{"T":{"groupFilterData":{"G":{"topic":"T"}}}}}',
    '{"filterDataByTopic":{"T":{"groupFilterData":{"G":null}},"U":7}}',
  ])('is read as far as it is whole: %s', (text) => {
    const { filters } = setUp({ text });
    expect(filters.ofTopic('T')).toBeUndefined();
  });
});
