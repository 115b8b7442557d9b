import { diskComplianceSuite, SimulatedDisk } from './index.js';

const ROOT = '/store';

function emptyDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir(ROOT);
  return disk;
}

diskComplianceSuite('SimulatedDisk', () => ({ disk: emptyDisk(), root: ROOT }));

/** A disk with a durable file of `sizeBytes` zeros. */
function diskWithFile(sizeBytes = 4096): { disk: SimulatedDisk; path: string } {
  const disk = emptyDisk();
  const path = `${ROOT}/a`;
  const file = disk.open(path, { create: true, sizeBytes });
  file.syncNow();
  file.close();
  disk.syncDirectory(ROOT);
  return { disk, path };
}

describe('SimulatedDisk after a crash', () => {
  test('what was synced survives every crash state', () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    file.write(Buffer.from('synced'), 0);
    file.syncNow();
    file.write(Buffer.alloc(2000, 1), 1000);
    for (const { name, disk: after } of disk.crashStates(50)) {
      expect([name, after.readFile(path)?.subarray(0, 6).toString()]).toEqual([name, 'synced']);
    }
  });

  test('unsynced writes are dropped, torn at sectors or kept', () => {
    const { disk, path } = diskWithFile();
    disk.open(path).write(Buffer.alloc(1536, 1), 256);
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const bytes = disk.crash({ seed }).readFile(path)!;
      for (const [from, to] of [
        [256, 512],
        [512, 1024],
        [1024, 1536],
        [1536, 1792],
      ] as const) {
        expect(new Set(bytes.subarray(from, to)).size).toBe(1);
      }
      outcomes.add([256, 512, 1024, 1536].map((at) => bytes[at]).join(''));
    }
    expect(outcomes.size).toBe(16);
  });

  test('the same seed gives the same state', () => {
    const { disk, path } = diskWithFile();
    disk.open(path).write(Buffer.alloc(4096, 1), 0);
    expect(disk.crash({ seed: 5 }).readFile(path)).toEqual(disk.crash({ seed: 5 }).readFile(path));
  });

  test('a later write can survive without an earlier one', () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    file.write(Buffer.from('first'), 0);
    file.write(Buffer.from('second'), 512);
    const states = [...disk.crashStates(20)].map(({ disk: after }) => after.readFile(path)!);
    expect(states.some((bytes) => bytes[0] === 0 && bytes.subarray(512, 518).toString() === 'second')).toBe(
      true,
    );
  });

  test('a file that was created is gone until its directory is synced', () => {
    const disk = emptyDisk();
    disk.open(`${ROOT}/a`, { create: true }).syncNow();
    const [none] = disk.crashStates(1);
    expect(none?.disk.stat(`${ROOT}/a`)).toBeUndefined();
    disk.syncDirectory(ROOT);
    const [kept] = disk.crashStates(1);
    expect(kept?.disk.stat(`${ROOT}/a`)?.sizeBytes).toBe(0);
  });

  test('an unsynced rename leaves the old names, and both files', () => {
    const { disk, path } = diskWithFile();
    disk.writeFile(`${ROOT}/b`, 'new');
    disk.open(`${ROOT}/b`).syncNow();
    disk.syncDirectory(ROOT);
    disk.rename(`${ROOT}/b`, path);
    const [before] = disk.crashStates(1);
    expect(before?.disk.list(ROOT)).toEqual(['a', 'b']);
    disk.syncDirectory(ROOT);
    const [after] = disk.crashStates(1);
    expect(after?.disk.list(ROOT)).toEqual(['a']);
    expect(after?.disk.readFile(path)?.toString()).toBe('new');
  });

  test('a killed process loses nothing, but a power cut after it may', () => {
    const { disk, path } = diskWithFile();
    disk.open(path).write(Buffer.from('cached'), 0);
    disk.lock(`${ROOT}/lock`);
    const killed = disk.kill();
    expect(killed.readFile(path)?.subarray(0, 6).toString()).toBe('cached');
    killed.lock(`${ROOT}/lock`).release();
    const [cut] = killed.crashStates(1);
    expect(cut?.disk.readFile(path)?.[0]).toBe(0);
  });

  test('a crashed disk is independent of the one it came from', () => {
    const { disk, path } = diskWithFile();
    const after = disk.crash({ seed: 1 });
    after.open(path).write(Buffer.from('x'), 0);
    expect(disk.readFile(path)?.[0]).toBe(0);
  });

  test('disks have the same fingerprint when they show the same files', () => {
    const { disk, path } = diskWithFile();
    const before = disk.fingerprint();
    const file = disk.open(path);
    file.write(Buffer.from('x'), 9);
    const prints = [...disk.crashStates(2)].map(({ disk: after }) => after.fingerprint());
    expect(prints).toEqual([before, disk.fingerprint()]);
    file.truncate(9);
    disk.rename(path, `${ROOT}/b`);
    const renamed = disk.fingerprint();
    file.truncate(10);
    expect(new Set([...prints, renamed, disk.fingerprint()]).size).toBe(4);
  });
});

describe('SimulatedDisk faults', () => {
  test('the nth call fails, the others do not', () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    disk.failAt('write', 2, 'EIO');
    file.write(Buffer.from('1'), 0);
    expect(() => file.write(Buffer.from('2'), 1)).toThrow(
      expect.objectContaining({ code: 'EIO', position: 1, path }),
    );
    file.write(Buffer.from('3'), 2);
    expect(disk.readFile(path)?.subarray(0, 3).toString('latin1')).toBe('1\x003');
  });

  test('a sticky fault lasts until it is cleared', () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    disk.failAt('write', 1, 'EROFS', { sticky: true, path: '/a' });
    for (let i = 0; i < 3; i++) expect(() => file.write(Buffer.from('x'), 0)).toThrow('EROFS');
    disk.clearFaults();
    file.write(Buffer.from('x'), 0);
  });

  test('a short write leaves what was accepted and says where it stopped', () => {
    const { disk, path } = diskWithFile();
    disk.failAt('write', 1, 'ENOSPC', { acceptBytes: 3 });
    expect(() => disk.open(path).write(Buffer.from('abcdef'), 10)).toThrow(
      expect.objectContaining({ code: 'ENOSPC', position: 13 }),
    );
    expect(disk.readFile(path)?.subarray(10, 16).toString('latin1')).toBe('abc\0\0\0');
  });

  test('a failed sync is reported once, and what it covered is lost although it reads back', async () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    file.write(Buffer.from('lost'), 0);
    disk.failAt('sync', 1, 'EIO');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO', operation: 'sync' });
    await file.sync();
    expect(disk.readFile(path)?.subarray(0, 4).toString()).toBe('lost');
    for (const { disk: after } of disk.crashStates(10)) expect(after.readFile(path)?.[0]).toBe(0);
  });

  test('a sync that is held back covers only what was written before it', async () => {
    const { disk, path } = diskWithFile();
    const file = disk.open(path);
    let release = (): void => undefined;
    disk.syncGate = new Promise((resolve) => (release = resolve));
    file.write(Buffer.from('before'), 0);
    const synced = file.sync();
    file.write(Buffer.from('after'), 512);
    release();
    await synced;
    const [cut] = disk.crashStates(1);
    const bytes = cut!.disk.readFile(path)!;
    expect([bytes.subarray(0, 6).toString(), bytes[512]]).toEqual(['before', 0]);
  });

  test('usage and modification times are what the test says', () => {
    const { disk, path } = diskWithFile();
    disk.usageNumbers = { totalBytes: 100, usableBytes: 5 };
    disk.setModified(path, 1234);
    expect(disk.usage(ROOT)).toEqual({ totalBytes: 100, usableBytes: 5 });
    expect(disk.stat(path)?.mtimeMs).toBe(1234);
  });
});
