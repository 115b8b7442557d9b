import { SimulatedDisk } from '../testing/index.js';
import { FileHandles } from './file-handles.js';

function diskWith(count: number): SimulatedDisk {
  const disk = new SimulatedDisk();
  for (let i = 0; i < count; i++) disk.writeFile(`/f${i}`, `text ${i}`);
  return disk;
}

describe('FileHandles', () => {
  test('the least recently used file is closed first', () => {
    const disk = diskWith(3);
    const handles = new FileHandles(disk, 2);
    handles.use('/f0');
    handles.use('/f1');
    handles.use('/f0');
    handles.use('/f2');
    disk.calls.clear();
    handles.use('/f0');
    handles.use('/f2');
    expect(disk.calls.get('open')).toBeUndefined();
    handles.use('/f1');
    expect([disk.calls.get('open'), handles.size]).toEqual([1, 2]);
  });

  test('a file that is being read outlives its eviction', async () => {
    const disk = diskWith(2);
    const handles = new FileHandles(disk, 1);
    const target = Buffer.alloc(6);
    const reading = handles.readAsync('/f0', target, 0, 6);
    handles.use('/f1');
    expect(disk.calls.get('close')).toBeUndefined();
    expect(await reading).toBe(6);
    expect([target.toString(), disk.calls.get('close')]).toEqual(['text 0', 1]);
  });

  test('a file that is being synced outlives forgetting, and a failed sync is passed on', async () => {
    const disk = diskWith(1);
    const handles = new FileHandles(disk);
    disk.failAt('sync', 1, 'EIO');
    const syncing = handles.sync('/f0');
    handles.forget('/f0');
    await expect(syncing).rejects.toMatchObject({ code: 'EIO' });
    expect(disk.calls.get('close')).toBe(1);
    handles.forget('/f0');
    handles.closeAll();
  });
});
