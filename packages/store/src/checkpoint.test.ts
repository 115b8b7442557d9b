import { StoreCheckpoint } from './checkpoint.js';
import { SimulatedDisk } from './testing/index.js';

const PATH = '/store/checkpoint';

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir('/store');
  return disk;
}

describe('StoreCheckpoint', () => {
  test('a missing file reads as all zero and has 4,096 bytes from then on', () => {
    const disk = newDisk();
    const checkpoint = new StoreCheckpoint(disk, PATH);
    expect([checkpoint.physicMsgTimestamp, checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([
      0, 0, 0,
    ]);
    expect(disk.stat(PATH)?.sizeBytes).toBe(4096);
  });

  test('fields are durable after a flush, and before it not at all', () => {
    const disk = newDisk();
    const checkpoint = new StoreCheckpoint(disk, PATH);
    Object.assign(checkpoint, { physicMsgTimestamp: 2 ** 41, logicsMsgTimestamp: 2, indexMsgTimestamp: 3 });
    Object.assign(checkpoint, { masterFlushedOffset: 4, confirmPhyOffset: -1 });
    checkpoint.flush();
    checkpoint.logicsMsgTimestamp = 99;
    checkpoint.close();
    for (const { disk: after } of disk.crashStates(10)) {
      expect(new StoreCheckpoint(after, PATH)).toMatchObject({
        physicMsgTimestamp: 2 ** 41,
        logicsMsgTimestamp: 2,
        indexMsgTimestamp: 3,
        masterFlushedOffset: 4,
        confirmPhyOffset: -1,
      });
    }
  });

  test('bytes behind the known fields are kept', () => {
    const disk = newDisk();
    disk.writeFile(PATH, Buffer.alloc(4096, 7));
    const checkpoint = new StoreCheckpoint(disk, PATH);
    checkpoint.flush();
    expect(disk.readFile(PATH)?.subarray(40)).toEqual(Buffer.alloc(4056, 7));
  });

  test('the times to rebuild from lie three seconds before the older of log and queues, never before zero', () => {
    const checkpoint = new StoreCheckpoint(newDisk(), PATH);
    Object.assign(checkpoint, {
      physicMsgTimestamp: 10_000,
      logicsMsgTimestamp: 8000,
      indexMsgTimestamp: 4000,
    });
    expect([checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([5000, 4000]);
    checkpoint.logicsMsgTimestamp = 10;
    expect([checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([0, 0]);
  });

  test('a failing disk is reported', () => {
    const disk = newDisk();
    const checkpoint = new StoreCheckpoint(disk, PATH);
    disk.failAt('sync', 1, 'EIO');
    expect(() => checkpoint.flush()).toThrow(expect.objectContaining({ code: 'EIO', path: PATH }));
  });
});
