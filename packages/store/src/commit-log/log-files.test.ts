import { silentLogger } from '@mq/remoting';
import { SimulatedDisk } from '../testing/index.js';
import { LogFiles } from './log-files.js';

const DIR = '/store/commitlog';
const FILE_BYTES = 4096;
const OPTIONS = { fileSizeBytes: FILE_BYTES, writePaths: [DIR], readOnlyPaths: [], maxOpenFiles: 4 };

function load(disk: SimulatedDisk): LogFiles {
  const files = new LogFiles(disk, OPTIONS, silentLogger);
  files.load();
  return files;
}

describe('LogFiles', () => {
  test('makes the name of a file durable that a killed process had just made', () => {
    const disk = new SimulatedDisk();
    disk.mkdir('/store');
    load(disk);
    disk.open(`${DIR}/00000000000000000000`, { create: true, sizeBytes: FILE_BYTES }).syncNow();

    const killed = disk.kill();
    expect(load(killed).all).toHaveLength(1);
    for (const { name, disk: cut } of killed.crashStates(10)) {
      expect([name, load(cut).all.length]).toEqual([name, 1]);
    }
  });
});
