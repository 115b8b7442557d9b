import { readFileSync } from 'node:fs';
import { ManualClock } from '@mq/remoting';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import {
  LatencyFaultTolerance,
  latencyFaultTable4,
  latencyFaultTable5,
  notAvailableDuration,
  type LatencyFaultTable,
} from './latency-fault.js';

interface Golden {
  latencyMax: number[];
  notAvailableDuration: number[];
  samples: { latencyMs: number; notAvailableMs: number }[];
}

describeGolden('how long a slow broker is avoided', () => {
  test.each<[string, string, LatencyFaultTable]>([
    ['5.3.3', 'latency-fault.json', latencyFaultTable5],
    ['4.9.7', 'latency-fault-4.9.7.json', latencyFaultTable4],
  ])('as Apache %s has it', (_version, file, table) => {
    const golden = JSON.parse(readFileSync(goldenPath(`misc/${file}`), 'utf8')) as Golden;
    expect(table).toMatchObject({
      latencyMax: golden.latencyMax,
      notAvailableDuration: golden.notAvailableDuration,
    });
    for (const { latencyMs, notAvailableMs } of golden.samples)
      expect(notAvailableDuration(table, latencyMs)).toBe(notAvailableMs);
  });
});

describe('latency fault tolerance', () => {
  test('takes every broker for available that nobody reported on', () => {
    const faults = new LatencyFaultTolerance(new ManualClock());
    expect([faults.isAvailable('a'), faults.isReachable('a')]).toEqual([true, true]);
  });

  test('avoids a broker that failed for ten seconds', async () => {
    const clock = new ManualClock();
    const faults = new LatencyFaultTolerance(clock);
    faults.recordFailure('a', true);
    await clock.advance(9_999);
    expect(faults.isAvailable('a')).toBe(false);
    await clock.advance(1);
    expect(faults.isAvailable('a')).toBe(true);
  });

  test('does not shorten an avoidance because of one quick answer', async () => {
    const clock = new ManualClock();
    const faults = new LatencyFaultTolerance(clock);
    faults.recordFailure('a', false);
    faults.recordSuccess('a', 10);
    expect([faults.isAvailable('a'), faults.isReachable('a')]).toEqual([false, true]);
  });
});
