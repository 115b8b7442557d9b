import { ManualClock, TurnScheduler } from '@mq/remoting';

import { FakeConnection } from '../testing/fake-connection.js';
import type { HeldPull } from './held-pull.js';
import { PullRequestHoldService } from './pull-request-hold-service.js';

/** Passes one pass of the turn scheduler. */
const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

function setUp(limits = { total: 100, perConnection: 100 }) {
  const clock = new ManualClock();
  const maxOffsets = new Map<string, number>();
  const service = new PullRequestHoldService({
    clock,
    turn: new TurnScheduler(),
    limits: () => limits,
    maxOffsetInQueue: (topic, queueId) => maxOffsets.get(`${topic}@${queueId}`) ?? 0,
  });
  const woken: string[] = [];
  const pull = (name: string, options: Partial<HeldPull> = {}): HeldPull => ({
    connection: new FakeConnection(),
    topic: 'T',
    queueId: 0,
    pullFromOffset: 5,
    matches: () => true,
    wake: () => void woken.push(name),
    ...options,
  });
  return { clock, service, woken, pull, maxOffsets };
}

describe('PullRequestHoldService', () => {
  test('wakes a pull at the end of the turn in which its message arrived, once for many messages', async () => {
    const { service, woken, pull } = setUp();
    service.hold(pull('a'), 15_000);
    service.notifyArrival('T', 0, 6, 0);
    service.notifyArrival('T', 0, 7, 0);
    expect(woken).toEqual([]);
    await turnEnd();
    expect(woken).toEqual(['a']);
    expect(service.size).toBe(0);
  });

  test.each([
    ['another topic', 'U', 0, 6],
    ['another queue', 'T', 1, 6],
    ['an offset before the wanted one', 'T', 0, 5],
  ])('keeps a pull waiting for %s', async (_what, topic, queueId, nextOffset) => {
    const { service, woken, pull } = setUp();
    service.hold(pull('a'), 15_000);
    service.notifyArrival(topic, queueId, nextOffset, 0);
    await turnEnd();
    expect(woken).toEqual([]);
    expect(service.size).toBe(1);
  });

  test('asks the filter of each waiting pull', async () => {
    const { service, woken, pull } = setUp();
    service.hold(pull('one', { matches: (code) => code === 1 }), 15_000);
    service.hold(pull('two', { matches: (code) => code === 2 }), 15_000);
    service.notifyArrival('T', 0, 6, 2);
    await turnEnd();
    expect(woken).toEqual(['two']);
  });

  test('wakes a pull when its time is over, not before, at most a bucket late', async () => {
    const { clock, service, woken, pull } = setUp();
    service.hold(pull('a'), 1_000);
    await clock.advance(999);
    expect(woken).toEqual([]);
    await clock.advance(201);
    await turnEnd();
    expect(woken).toEqual(['a']);
  });

  test('needs no timer while nothing waits', async () => {
    const { clock, service, pull } = setUp();
    service.hold(pull('a'), 1_000);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(2_000);
    await turnEnd();
    await clock.advance(200);
    expect(clock.pendingTimers).toBe(0);
  });

  test('finds by its sweep a pull whose message was never announced', async () => {
    const { clock, service, woken, pull, maxOffsets } = setUp();
    service.start();
    service.hold(pull('a'), 60_000);
    maxOffsets.set('T@0', 6);
    await clock.advance(5_000);
    await turnEnd();
    expect(woken).toEqual(['a']);
    service.close();
  });

  test('drops the pulls of a connection that closed, and only those', async () => {
    const { service, woken, pull } = setUp();
    const gone = new FakeConnection();
    service.hold(pull('gone', { connection: gone }), 15_000);
    service.hold(pull('there'), 15_000);
    gone.close();
    service.notifyArrival('T', 0, 6, 0);
    await turnEnd();
    expect(woken).toEqual(['there']);
  });

  test.each([
    ['in all', { total: 1, perConnection: 100 }],
    ['of one connection', { total: 100, perConnection: 1 }],
  ])('holds no more than its bound %s', (_what, limits) => {
    const { service, pull } = setUp(limits);
    const connection = new FakeConnection();
    expect(service.hold(pull('a', { connection }), 15_000)).toBe(true);
    expect(service.hold(pull('b', { connection }), 15_000)).toBe(false);
    expect(service.size).toBe(1);
  });

  test('answers everybody at close and holds nobody afterwards', () => {
    const { service, woken, pull } = setUp();
    service.hold(pull('a'), 15_000);
    service.close();
    service.close();
    expect(woken).toEqual(['a']);
    expect(service.hold(pull('b'), 15_000)).toBe(false);
  });

  test('forgets queues nobody waits for with its next sweep', async () => {
    const { clock, service, pull } = setUp();
    service.start();
    service.hold(pull('a'), 15_000);
    expect(service.queueCount).toBe(1);
    service.notifyArrival('T', 0, 6, 0);
    await clock.advance(5_000);
    expect(service.queueCount).toBe(0);
    service.close();
  });
});
