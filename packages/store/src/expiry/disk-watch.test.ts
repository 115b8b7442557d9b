import { messageStoreSettings } from '../settings.js';
import { SimulatedDisk } from '../testing/index.js';
import { diskState, isDeleteHour, usedRatio } from './disk-watch.js';

describe('disk pressure', () => {
  test.each([
    [50, 'NONE'],
    [76, 'CLEAN'],
    [86, 'CLEAN_FORCIBLY'],
    [91, 'FULL'],
  ])('%i percent used is %s', (percent, pressure) => {
    const disk = new SimulatedDisk();
    disk.usageNumbers = { totalBytes: 100, usableBytes: 100 - percent };
    expect(diskState(disk, ['/a'], messageStoreSettings.defaults()).pressure).toBe(pressure);
  });

  test('with several paths one is enough to clean, all must be full to refuse', () => {
    const disk = new SimulatedDisk();
    disk.usage = (path) => ({ totalBytes: 100, usableBytes: path === '/a' ? 1 : 60 });
    const state = diskState(disk, ['/a', '/b'], messageStoreSettings.defaults());
    expect([state.pressure, [...state.fullPaths]]).toEqual(['CLEAN_FORCIBLY', ['/a']]);
  });

  test('a disk that does not answer counts as neither full nor empty', () => {
    const disk = new SimulatedDisk();
    disk.failAt('usage', 1, 'EIO');
    expect(usedRatio(disk, '/a')).toBe(-1);
  });
});

describe('deleteWhen', () => {
  const atHour = (hour: number): number => new Date(2024, 5, 5, hour, 30).getTime();
  test.each([
    ['04', 4, true],
    ['04', 5, false],
    ['4;16', 16, true],
    ['04;', 4, true],
  ])('%s includes hour %i: %s', (deleteWhen, hour, expected) => {
    expect(isDeleteHour(deleteWhen, atHour(hour))).toBe(expected);
  });
});
