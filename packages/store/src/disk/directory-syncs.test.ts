import { SimulatedDisk } from '../testing/index.js';
import { DirectorySyncs } from './directory-syncs.js';

function disk(...dirs: string[]): SimulatedDisk {
  const made = new SimulatedDisk();
  for (const dir of dirs) made.mkdir(dir);
  return made;
}

describe('DirectorySyncs', () => {
  test('a directory is synced once a round, however many names changed in it', async () => {
    const made = disk('/a', '/b');
    const syncs = new DirectorySyncs(made);
    for (let i = 0; i < 10; i++) {
      made.open(`/a/${i}`, { create: true }).close();
      syncs.add('/a');
    }
    syncs.add('/b');
    await syncs.sync(2);
    expect([made.calls.get('syncDirectory'), syncs.size]).toEqual([2, 0]);
    expect(made.crash({ seed: 1 }).list('/a')).toHaveLength(10);
    await syncs.sync(2);
    expect(made.calls.get('syncDirectory')).toBe(2);
  });

  test('a name that appears while a round runs waits for the next one', async () => {
    const made = disk('/a');
    const syncs = new DirectorySyncs(made);
    let pass = (): void => undefined;
    made.syncGate = new Promise((resolve) => (pass = resolve));
    syncs.add('/a');
    const round = syncs.sync(1);
    syncs.add('/a');
    pass();
    await round;
    expect(syncs.size).toBe(1);
  });

  test('a directory that is gone needs no sync; one that cannot be synced fails the round', async () => {
    const made = disk('/a');
    const syncs = new DirectorySyncs(made);
    syncs.add('/gone');
    await syncs.sync(1);
    syncs.add('/a');
    made.failAt('syncDirectory', 1, 'EIO');
    await expect(syncs.sync(4)).rejects.toMatchObject({ code: 'EIO' });
  });
});
