import { ManualClock } from '@mq/remoting';
import fc from 'fast-check';
import { BrokerStatsManager } from './broker-stats-manager.js';
import { msToNextMorning } from './daily-totals.js';
import { SampleWindow } from './sample-window.js';
import { Tallies, TallyBudget } from './tallies.js';

function setup(options: { maxTallies?: number; enableDetailStat?: boolean } = {}) {
  const clock = new ManualClock();
  const isSystemTopic = (topic: string) => topic === 'SYS';
  const stats = new BrokerStatsManager({ clock, clusterName: 'C', isSystemTopic, ...options });
  return { clock, stats };
}

describe('BrokerStatsManager', () => {
  test('answers every counter under the key of upstream', () => {
    const { stats } = setup();
    stats.recordPut('T', 3, 2, 200);
    stats.recordGet('G', 'T', 3, 1, 100);
    stats.recordSendBack('G', 'T');
    stats.recordDeadLetter('G', 'T');
    const values = Object.fromEntries(KEYS.map(([name, key]) => [name, stats.item(name, key)?.value]));
    expect(values).toEqual(Object.fromEntries(KEYS.map(([name, , value]) => [name, value])));
  });

  test('has no counter for what was never counted', () => {
    const { stats } = setup();
    stats.recordPut('T', 0, 1, 1);
    for (const [name, key] of [
      ['TOPIC_PUT_NUMS', 'U'],
      ['GROUP_GET_NUMS', 'T@G'],
      ['GROUP_GET_NUMS', 'T'],
      ['QUEUE_GET_NUMS', 'T@x@G'],
      ['BROKER_PUT_NUMS', 'other cluster'],
      ['NO_SUCH_STAT', 'T'],
      ['__proto__', 'T'],
    ] as const) {
      expect(stats.statsData(name, key)).toBeUndefined();
    }
  });

  test('shows sum, rate and mean over the last minute, hour and day', async () => {
    const { clock, stats } = setup();
    stats.start();
    stats.recordPut('T', 0, 1, 10);
    await clock.advance(30_000);
    stats.recordPut('T', 0, 5, 50);
    await clock.advance(30_000);
    const { statsMinute, statsHour } = stats.statsData('TOPIC_PUT_NUMS', 'T') ?? {};
    expect(statsMinute).toEqual({ sum: 6, tps: 0.1, avgpt: 3 });
    expect(statsHour?.sum).toBe(0);
    expect(stats.tpsTopicPutNums('T')).toBe(0.1);
    await clock.advance(3_600_000);
    expect(stats.statsData('TOPIC_PUT_NUMS', 'T')).toMatchObject({
      statsMinute: { sum: 0, tps: 0, avgpt: 0 },
      statsDay: { sum: 6 },
    });
    stats.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('drops counters of a topic or group after a day without traffic, and only those', async () => {
    const { clock, stats } = setup();
    stats.start();
    stats.recordPut('idle', 0, 1, 1);
    stats.recordPut('busy', 0, 1, 1);
    stats.recordGet('G', 'busy', 0, 1, 1);
    for (let hour = 0; hour < 27; hour++) {
      await clock.advance(3_600_000);
      stats.recordPut('busy', 0, 1, 1);
    }
    expect(stats.item('TOPIC_PUT_NUMS', 'idle')).toBeUndefined();
    expect(stats.item('GROUP_GET_NUMS', 'busy@G')).toBeUndefined();
    expect(stats.item('TOPIC_PUT_NUMS', 'busy')?.value).toBe(28);
    stats.close();
  });

  test('forgets deleted topics and groups', () => {
    const { stats } = setup();
    for (const topic of ['T', 'U']) for (const group of ['G', 'H']) stats.recordGet(group, topic, 0, 1, 1);
    stats.onGroupDeleted('G');
    stats.onTopicDeleted('U');
    expect(stats.item('GROUP_GET_NUMS', 'T@G')).toBeUndefined();
    expect(stats.item('GROUP_GET_NUMS', 'U@H')).toBeUndefined();
    expect(stats.item('GROUP_GET_NUMS', 'T@H')?.value).toBe(1);
  });

  test('stops making counters at its bound and goes on after some are gone', () => {
    const { stats } = setup({ maxTallies: 6, enableDetailStat: false });
    stats.recordPut('T', 0, 1, 1);
    stats.recordPut('U', 0, 1, 1);
    expect(stats.item('BROKER_PUT_NUMS', 'C')?.value).toBe(2);
    stats.onTopicDeleted('U');
    stats.onTopicDeleted('T');
    stats.recordPut('V', 0, 1, 1);
    expect(stats.item('TOPIC_PUT_NUMS', 'V')?.value).toBe(1);
  });

  test('leaves system topics out of the totals of the day, which turn over at midnight', async () => {
    const { clock, stats } = setup();
    stats.start();
    stats.recordPut('T', 0, 3, 1);
    stats.recordPut('SYS', 0, 9, 1);
    stats.recordGet('G', 'T', 0, 2, 1);
    await clock.advance(msToNextMorning(clock.now()));
    stats.recordPut('T', 0, 4, 1);
    expect(stats.puts).toMatchObject({ yesterdayMorning: 0, todayMorning: 3, now: 7 });
    await clock.advance(msToNextMorning(clock.now()));
    expect(stats.puts).toMatchObject({ yesterdayMorning: 3, todayMorning: 7, now: 7 });
    expect(stats.gets).toMatchObject({ yesterdayMorning: 2, todayMorning: 2, now: 2 });
    stats.close();
  });
});

describe('Tallies', () => {
  test('count each queue by itself, from when it first is seen', () => {
    const additions = fc.array(
      fc.record({ queueId: fc.integer({ min: -1, max: 12 }), nums: fc.nat(100), samples: fc.nat(2) }),
    );
    fc.assert(
      fc.property(additions, (list) => {
        const tallies = new Tallies({ budget: new TallyBudget(20), now: () => 0 });
        const sums = new Map<number, number[]>();
        let nowMs = 0;
        for (const { queueId, nums, samples } of list) {
          tallies.add(nums, nums * 10, queueId);
          for (const id of new Set([-1, queueId])) {
            const [count = 0, times = 0] = sums.get(id) ?? [];
            sums.set(id, [count + nums, times + 1]);
          }
          for (let left = samples; left > 0; left--) tallies.sample('hour', (nowMs += 1000));
        }
        tallies.sample('day', nowMs + 1);
        for (const [queueId, [count, times]] of sums) {
          const size = tallies.item('size', queueId);
          expect(tallies.item('nums', queueId)).toMatchObject({ value: count, times });
          expect([size.value, size.times]).toEqual([count! * 10, times]);
          expect(size.snapshot('day').sum).toBe(count! * 10);
        }
        expect(tallies.item('nums', 13)).toMatchObject({ value: 0, times: 0 });
      }),
    );
  });

  test('leave out what is over the budget, and give back what they had', () => {
    const source = { budget: new TallyBudget(3), now: () => 0 };
    const first = new Tallies(source);
    first.add(1, 1, 0);
    const second = new Tallies(source);
    second.add(1, 1, 0);
    const third = new Tallies(source);
    third.add(1, 1, 5);
    const values = (tallies: Tallies) => [tallies.item('nums').value, tallies.item('nums', 0).value];
    expect([first, second, third].map(values)).toEqual([
      [1, 1],
      [1, 0],
      [0, 0],
    ]);
    first.release();
    second.add(1, 1, 1);
    expect(second.item('nums', 1).value).toBe(1);
    expect(new Tallies(source).times).toBe(0);
  });
});

describe('SampleWindow', () => {
  test('spans its newest samples, like a plain list of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.array(fc.nat(1000)), (capacity, increments) => {
        const window = new SampleWindow(capacity, -1000);
        const list = [0];
        let value = 0;
        increments.forEach((increment, at) => {
          value += increment;
          list.push(value);
          window.add(at * 1000, Float64Array.of(value, at + 1));
        });
        const kept = list.slice(-capacity);
        const sum = (kept.at(-1) ?? 0) - (kept[0] ?? 0);
        expect(window.snapshot(0, 1).sum).toBe(sum);
        expect(window.snapshot(0, 1).tps).toBeCloseTo(kept.length > 1 ? sum / (kept.length - 1) : 0);
      }),
    );
  });
});

const KEYS: readonly (readonly [name: string, key: string, value: number])[] = [
  ['TOPIC_PUT_NUMS', 'T', 2],
  ['TOPIC_PUT_SIZE', 'T', 200],
  ['QUEUE_PUT_NUMS', 'T@3', 2],
  ['QUEUE_PUT_SIZE', 'T@3', 200],
  ['GROUP_GET_NUMS', 'T@G', 1],
  ['GROUP_GET_SIZE', 'T@G', 100],
  ['QUEUE_GET_NUMS', 'T@3@G', 1],
  ['QUEUE_GET_SIZE', 'T@3@G', 100],
  ['SNDBCK_PUT_NUMS', 'T@G', 1],
  ['DLQ_PUT_NUMS', 'T@G', 1],
  ['BROKER_PUT_NUMS', 'C', 2],
  ['BROKER_GET_NUMS', 'C', 1],
  ['BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', 'C', 2],
  ['BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', 'C', 1],
  ['SNDBCK2DLQ_TIMES', 'C', 1],
];
