import { gunzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';
import { FileDisk } from '../disk/file-disk.js';
import { SimulatedDisk } from '../testing/simulated-disk.js';
import { TimerCheckpointFile } from './timer-checkpoint-file.js';
import { TimerLog } from './timer-log.js';
import { NO_POSITION, readSlot, SLOT_BYTES, writeSlot, type TimerSlot } from './timer-slot.js';
import { readUnit, UNIT_BYTES, unitKindAt, writeUnit, type TimerUnit } from './timer-unit.js';
import { TimerWheel } from './timer-wheel.js';

const SECOND = 1000;
const T0 = 1_800_000_000_000;

const position = fc.oneof(fc.constant(NO_POSITION), fc.nat(2 ** 45));
const anyUnit: fc.Arbitrary<TimerUnit> = fc.record({
  prevPos: position,
  magic: fc.constantFrom(1, 3, 5, 7),
  writeTimeMs: fc.nat(2 ** 42),
  delayMs: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  commitLogOffset: fc.nat(2 ** 50),
  sizeBytes: fc.nat(2 ** 31 - 1),
  topicHash: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  dueInSlotMs: fc.nat(SECOND),
});

function unit(overrides: Partial<TimerUnit> = {}): TimerUnit {
  const given = { prevPos: NO_POSITION, magic: 1, writeTimeMs: T0, delayMs: 5 * SECOND, ...overrides };
  return { commitLogOffset: 0, sizeBytes: 100, topicHash: 7, dueInSlotMs: 0, ...given };
}

function makeLog(disk: SimulatedDisk, fileSizeBytes = 600): TimerLog {
  const log = new TimerLog(disk, { dir: '/store/timerlog', fileSizeBytes });
  disk.mkdir('/store');
  log.load();
  return log;
}

function unitsOf(log: TimerLog, from = log.start): { at: number; unit: TimerUnit }[] {
  const found: { at: number; unit: TimerUnit }[] = [];
  log.scan(from, (unit, at) => void found.push({ at, unit }));
  return found;
}

describe('a unit of the timer log', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(anyUnit, fc.nat(9), (written, at) => {
        const bytes = Buffer.alloc(UNIT_BYTES + at, 0xff);
        writeUnit(bytes, at, written);
        expect(unitKindAt(bytes, at, bytes.length)).toBe('unit');
        expect(readUnit(bytes, at)).toEqual(written);
      }),
    );
  });

  test('is none where nothing was written, or where its end is missing', () => {
    const bytes = Buffer.alloc(UNIT_BYTES);
    expect(unitKindAt(bytes, 0, UNIT_BYTES)).toBe('none');
    writeUnit(bytes, 0, unit());
    expect(unitKindAt(bytes, 0, UNIT_BYTES - 1)).toBe('none');
    writeUnit(bytes, 0, unit({ magic: 16 }));
    expect(unitKindAt(bytes, 0, UNIT_BYTES)).toBe('none');
  });
});

test('a slot of the wheel is read as it was written', () => {
  const slots = fc.record({
    timeMs: fc.nat(2 ** 30),
    firstPos: position,
    lastPos: position,
    num: fc.integer(),
  });
  fc.assert(
    fc.property(slots, fc.constantFrom(100, 1000), (slot, precisionMs) => {
      const written: TimerSlot = { ...slot, timeMs: slot.timeMs * precisionMs };
      const bytes = Buffer.alloc(SLOT_BYTES, 0xff);
      writeSlot(bytes, 0, written, precisionMs);
      expect(readSlot(bytes, 0, precisionMs)).toEqual({ ...written, num: written.num | 0 });
    }),
  );
});

describe('the timer log', () => {
  test('keeps what was appended, across its files and a restart, at the positions it answered', () => {
    fc.assert(
      fc.property(
        fc.array(anyUnit, { maxLength: 60 }),
        fc.integer({ min: 120, max: 700 }),
        fc.array(fc.nat(60), { maxLength: 4 }),
        (units, fileSizeBytes, writeAfter) => {
          const disk = new SimulatedDisk();
          const log = makeLog(disk, fileSizeBytes);
          const expected = units.map((unit, index) => {
            const at = log.append(unit);
            if (writeAfter.includes(index)) log.write();
            return { at, unit };
          });
          for (const { at, unit } of expected) expect(log.unitAt(at)).toEqual(unit);
          log.write();
          expect(unitsOf(log)).toEqual(expected);
          log.close();
          const again = makeLog(disk, fileSizeBytes);
          expect(unitsOf(again)).toEqual(expected);
          for (const { at, unit } of expected) expect(again.unitAt(at)).toEqual(unit);
        },
      ),
    );
  });

  test('goes on where recovery ended it, and what stood behind does not come back', () => {
    const disk = new SimulatedDisk();
    const log = makeLog(disk);
    const positions = [1, 2, 3, 4].map((commitLogOffset) => log.append(unit({ commitLogOffset })));
    log.write();
    const again = makeLog(disk);
    const end = again.scan(0, ({ commitLogOffset }) => commitLogOffset < 3);
    expect(end).toBe(positions[2]);
    again.endAt(end);
    again.append(unit({ commitLogOffset: 30 }));
    again.write();
    expect(unitsOf(makeLog(disk)).map((found) => found.unit.commitLogOffset)).toEqual([1, 2, 30]);
  });

  test('gives up files whose messages are gone, except its last', () => {
    const log = makeLog(new SimulatedDisk());
    for (let n = 0; n < 30; n++) log.append(unit({ commitLogOffset: n * 100 }));
    log.write();
    expect(log.removeBefore(1_000)).toBe(0);
    expect(log.removeBefore(1_001)).toBe(1);
    expect(log.start).toBe(600);
    expect(log.unitAt(0)).toBeUndefined();
    expect(log.removeBefore(Infinity)).toBe(1);
    expect(unitsOf(log)).toHaveLength(8);
  });

  test('tells whether a disk that failed has taken the units: the next write repeats them', () => {
    const disk = new SimulatedDisk();
    const log = makeLog(disk);
    log.append(unit());
    disk.failAt('write', 1, 'EIO');
    expect(() => log.write()).toThrow();
    log.write();
    expect(unitsOf(makeLog(disk))).toHaveLength(1);
  });
});

describe('the timer wheel', () => {
  const slotsTotal = 1000;
  function makeWheel(disk: SimulatedDisk): TimerWheel {
    disk.mkdir('/store');
    return new TimerWheel(disk, { path: '/store/timerwheel', precisionMs: SECOND, slotsTotal });
  }
  const slot = (timeMs: number, num = 1): TimerSlot => ({ timeMs, firstPos: 52, lastPos: 104, num });

  test('gives back the slot of a time, and only of that time', () => {
    const wheel = makeWheel(new SimulatedDisk());
    wheel.put(slot(T0));
    expect(wheel.get(T0 + 999)).toEqual(slot(T0));
    expect(wheel.get(T0 + SECOND)).toBeUndefined();
    expect(wheel.get(T0 + 2 * slotsTotal * SECOND)).toBeUndefined();
    expect(wheel.raw(T0 + 2 * slotsTotal * SECOND)).toEqual(slot(T0));
  });

  test('keeps its slots across a restart, once they were written', async () => {
    const disk = new SimulatedDisk();
    const wheel = makeWheel(disk);
    expect(wheel.isNew).toBe(true);
    wheel.put(slot(T0));
    wheel.write();
    await wheel.sync();
    wheel.put(slot(T0 + SECOND));
    const again = makeWheel(disk.crash({ seed: 1 }));
    expect(again.isNew).toBe(false);
    expect(again.get(T0)).toEqual(slot(T0));
  });

  test('finds the next time with a chain, and all of them, as a table of slots would', () => {
    const puts = fc.array(fc.tuple(fc.integer({ min: 0, max: 1999 }), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(puts, fc.integer({ min: 0, max: 1999 }), fc.boolean(), (given, from, isWritten) => {
        const wheel = makeWheel(new SimulatedDisk());
        const model = new Map<number, TimerSlot>();
        for (const [second, isCleared] of given) {
          const timeMs = T0 + second * SECOND;
          if (isCleared) wheel.clear(timeMs);
          else wheel.put(slot(timeMs, second));
          if (isCleared) model.delete(timeMs);
          else model.set(timeMs, slot(timeMs, second));
          if (isWritten) wheel.write();
        }
        const fromMs = T0 + from * SECOND;
        const expected = [...model.values()].filter(({ timeMs }) => timeMs >= fromMs);
        expected.sort((a, b) => a.timeMs - b.timeMs);
        expect(wheel.nextOccupied(fromMs, T0 + 2000 * SECOND)).toBe(expected[0]?.timeMs);
        const found: TimerSlot[] = [];
        wheel.forEach(fromMs, (each) => found.push(each));
        found.sort((a, b) => a.timeMs - b.timeMs);
        expect(found).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('of another size is refused', () => {
    const disk = new SimulatedDisk();
    disk.mkdir('/store');
    disk.writeFile('/store/timerwheel', Buffer.alloc(2 * slotsTotal * SLOT_BYTES + 1));
    expect(() => makeWheel(disk)).toThrow('instead of');
  });
});

describeGolden("Apache's timer files", () => {
  interface ExpectedUnit {
    pos: number;
    prevPos: number;
    magic: number;
    blank?: boolean;
    currWriteTime: number;
    delayedTime: number;
    offsetPy: number;
    sizePy: number;
    topicHash: number;
  }
  interface Expected {
    precisionMs: number;
    timerLogFileSize: number;
    slots: (Omit<TimerSlot, 'timeMs'> & { timeMs: number; magic: number })[];
    timerLog: ExpectedUnit[];
    timercheck: Record<string, number> & { dataVersion: object };
  }
  const dir = goldenPath('misc/timer');
  const expected = (JSON.parse(readFileSync(`${dir}/expected.json`, 'utf8')) as { timer: Expected }).timer;
  const units = expected.timerLog.filter(({ blank }) => blank !== true);

  function withLog(): { disk: SimulatedDisk; log: TimerLog } {
    const disk = new SimulatedDisk();
    disk.mkdir('/store/timerlog');
    for (const name of readdirSync(`${dir}/timerlog`))
      disk.writeFile(`/store/timerlog/${name}`, readFileSync(`${dir}/timerlog/${name}`));
    return { disk, log: makeLog(disk, expected.timerLogFileSize) };
  }

  test('hold the units that Java reads', () => {
    const { log } = withLog();
    expect(unitsOf(log)).toEqual(
      units.map(({ pos, prevPos, magic, currWriteTime, delayedTime, offsetPy, sizePy, topicHash }) => ({
        at: pos,
        unit: {
          prevPos,
          magic,
          writeTimeMs: currWriteTime,
          delayMs: delayedTime,
          commitLogOffset: offsetPy,
          sizeBytes: sizePy,
          topicHash,
          dueInSlotMs: 0,
        },
      })),
    );
  });

  test('of the timer log are what appending the same units writes, to the byte', () => {
    const disk = new SimulatedDisk();
    const log = makeLog(disk, expected.timerLogFileSize);
    for (const { unit } of unitsOf(withLog().log)) log.append(unit);
    log.write();
    for (const name of readdirSync(`${dir}/timerlog`))
      expect(disk.readFile(`/store/timerlog/${name}`)).toEqual(readFileSync(`${dir}/timerlog/${name}`));
  });

  test('of the wheel hold the slots that Java reads, and are written to the byte', () => {
    const golden = gunzipSync(readFileSync(`${dir}/timerwheel.gz`));
    const directory = mkdtempSync(join(tmpdir(), 'mq-wheel-'));
    const path = join(directory, 'timerwheel');
    const disk = new FileDisk();
    disk.writeFile(path, golden);
    const wheel = new TimerWheel(disk, { path, precisionMs: expected.precisionMs });
    const found: TimerSlot[] = [];
    wheel.forEach(expected.slots[0]!.timeMs, (slot) => found.push(slot));
    expect(found).toEqual(
      expected.slots.map(({ timeMs, firstPos, lastPos, num }) => ({ timeMs, firstPos, lastPos, num })),
    );

    wheel.close();
    disk.remove(path);
    const written = new TimerWheel(disk, { path, precisionMs: expected.precisionMs });
    for (const slot of found) written.put(slot);
    written.write();
    written.close();
    expect(disk.readFile(path)?.equals(golden)).toBe(true);
    disk.remove(directory);
  });

  test('of the checkpoint are read, and written to the byte', async () => {
    const golden = readFileSync(`${dir}/timercheck`);
    const disk = new SimulatedDisk();
    disk.mkdir('/store/config');
    disk.writeFile('/store/config/timercheck', golden);
    const read = new TimerCheckpointFile(disk, '/store/config/timercheck').read();
    const {
      lastReadTimeMs,
      lastTimerLogFlushPos,
      lastTimerQueueOffset,
      masterTimerQueueOffset,
      dataVersion,
    } = expected.timercheck;
    expect(read).toEqual({
      lastReadTimeMs,
      lastTimerLogFlushPos,
      lastTimerQueueOffset,
      masterTimerQueueOffset,
      dataVersion,
    });
    const ours = new SimulatedDisk();
    const file = new TimerCheckpointFile(ours, '/store/config/timercheck');
    expect(file.isNew).toBe(true);
    await file.write(read);
    expect(ours.readFile('/store/config/timercheck')).toEqual(golden);
  });
});
