import { ManualClock } from '@mq/remoting';
import { messageStoreSettings } from '../settings.js';
import { FlushSchedule, type FlushScheduleParts } from './flush-schedule.js';

const SECOND = 1000;
const MIB = 1024 * 1024;

/** A store under load, whose durable marks take `markMs`; tells when each of them began, in seconds. */
async function marksOf(
  options: { markMs: number; bytesASecond: number; marksBoot?: boolean },
  seconds: number,
): Promise<number[]> {
  const clock = new ManualClock();
  const began: number[] = [];
  const derived = {
    markedOffset: 0,
    bootMarkedOffset: 0,
    writeQueues: () => Promise.resolve(),
    markBoot: () => Promise.resolve(),
    flushThoroughly: async () => {
      began.push(Math.round(clock.monotonic() / SECOND));
      const offset = dispatcher.dispatchedOffset;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, options.markMs));
      derived.markedOffset = offset;
    },
  };
  const dispatcher = {
    get dispatchedOffset() {
      return Math.floor((clock.monotonic() / SECOND) * options.bytesASecond);
    },
  };
  const parts: FlushScheduleParts = {
    clock,
    log: { writtenOffset: 0 },
    logFlusher: { flushedOffset: 0, request: () => undefined },
    dispatcher,
    derived,
    settings: () => messageStoreSettings.defaults(),
    marksBoot: options.marksBoot ?? true,
    markAfterBytes: undefined,
  };
  const schedule = new FlushSchedule(parts);
  const period = async (): Promise<void> => {
    await schedule.flushDerived();
    clock.setTimeout(() => void period(), SECOND);
  };
  clock.setTimeout(() => void period(), SECOND);
  await clock.advance(seconds * SECOND);
  return began;
}

describe('durable marks', () => {
  test('come ten seconds after one another under load', async () => {
    expect(await marksOf({ markMs: 10, bytesASecond: 20 * MIB }, 35)).toEqual([1, 11, 21, 31]);
  });

  test('wait until there is enough to be read again, a minute at most', async () => {
    expect(await marksOf({ markMs: 10, bytesASecond: 100 * 1024 }, 130)).toEqual([60, 120]);
  });

  test('are not made where nothing was written', async () => {
    expect(await marksOf({ markMs: 10, bytesASecond: 0 }, 200)).toEqual([]);
  });

  test('rest for twenty times as long as one took', async () => {
    expect(await marksOf({ markMs: 2 * SECOND, bytesASecond: 20 * MIB }, 90)).toEqual([1, 43, 85]);
  });

  test('that take very long come a minute after the end of the one before', async () => {
    expect(await marksOf({ markMs: 150 * SECOND, bytesASecond: 20 * MIB }, 450)).toEqual([1, 211, 421]);
  });

  test('are what bounds the next start where there is no boot mark: they come sooner', async () => {
    const marks = await marksOf({ markMs: 4 * SECOND, bytesASecond: 20 * MIB, marksBoot: false }, 20);
    expect(marks).toEqual([1, 9, 17]);
  });
});
