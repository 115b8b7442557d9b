// How far behind the log the recovery mark may be: what a restart after a kill has to read again.
import { ManualClock } from '@mq/remoting';
import { SimulatedDisk } from '../src/testing/index.js';
import { bodies, message, openStore, putAll } from './store-fixture.js';

const MIB = 1024 * 1024;
const LARGE = { mappedFileSizeCommitLog: 256 * MIB, mappedFileSizeConsumeQueue: 4000 };

function markedOffset(disk: SimulatedDisk): number {
  const text = disk.readFile('/store/config/mq-recovery.json')?.toString() ?? '{"logOffset":0}';
  return (JSON.parse(text) as { logOffset: number }).logOffset;
}

/** A store that made its first file, got no message, and was closed. */
async function closeEmpty(disk: SimulatedDisk): Promise<void> {
  const clock = new ManualClock();
  const store = await openStore({ disk, clock, settings: LARGE });
  await clock.advance(20_000);
  await store.close();
  expect(disk.list('/store/commitlog')).toEqual(['00000000000000000000']);
}

describe('the recovery mark', () => {
  test.each([
    ['two seconds, where no boot mark does for a kill', '', 2000],
    ['ten seconds', 'boot-1', 10_000],
  ])('follows a busy log every %s, an idle one with the thorough flush', async (_, bootId, pauseMs) => {
    const disk = new SimulatedDisk();
    const clock = new ManualClock();
    const store = await openStore({ disk, clock, settings: LARGE, bootId });
    const putMebibytes = (count: number): Promise<unknown> =>
      putAll(
        store,
        Array.from({ length: count }, () => message('x'.repeat(MIB))),
      );
    await putMebibytes(17);
    await clock.advance(1000);
    const first = markedOffset(disk);
    expect(first).toBe(store.maxPhyOffset);
    await putMebibytes(17);
    await clock.advance(pauseMs - 1000);
    expect(markedOffset(disk)).toBe(first);
    await clock.advance(2000);
    expect(markedOffset(disk)).toBe(store.maxPhyOffset);
    const second = markedOffset(disk);
    await putMebibytes(3);
    await clock.advance(20_000);
    expect(markedOffset(disk)).toBe(second);
    await clock.advance(60_000);
    expect(markedOffset(disk)).toBe(store.maxPhyOffset);
    await store.close();
  });

  test('stays where it was when a killed store starts again, so that the start waits for no queue', async () => {
    const disk = new SimulatedDisk();
    const store = await openStore({ disk });
    for (let queueId = 0; queueId < 50; queueId++) await store.put(message(`m${queueId}`, { queueId }));
    const killed = disk.kill();
    const marked = markedOffset(killed);
    const clock = new ManualClock();
    const again = await openStore({ disk: killed, clock });
    expect(markedOffset(killed)).toBe(marked);
    expect(await bodies(again, 'T', 49)).toEqual(['m49']);
    // A second kill finds everything by the same mark; then the flush moves it.
    const third = await openStore({ disk: killed.kill() });
    expect(await bodies(third, 'T', 7)).toEqual(['m7']);
    await clock.advance(61_000);
    expect(markedOffset(killed)).toBe(again.maxPhyOffset);
    await again.close();
    await third.close();
    await store.close();
  });

  test.each([
    ['reads little of an empty log after a clean stop', true],
    ['does without it read all of the empty log', false],
  ])('%s', async (_, isThere) => {
    const disk = new SimulatedDisk();
    await closeEmpty(disk);
    if (!isThere) {
      for (const name of disk.list('/store/config')) {
        if (name.startsWith('mq-recovery.json')) disk.remove(`/store/config/${name}`);
      }
    }
    const readsBefore = disk.calls.get('read') ?? 0;
    const again = await openStore({ disk, settings: LARGE, bootId: 'boot-2' });
    const reads = (disk.calls.get('read') ?? 0) - readsBefore;
    if (isThere) expect(reads).toBeLessThan(10);
    else expect(reads).toBeGreaterThan(255);
    await again.put(message('first'));
    expect(await bodies(again)).toEqual(['first']);
    await again.close();
  });

  test('of an empty log is not believed once another broker has written to the store', async () => {
    const disk = new SimulatedDisk();
    await closeEmpty(disk);
    const mark = disk.readFile('/store/config/mq-recovery.json')!;
    const other = await openStore({ disk, settings: LARGE });
    await other.put(message('theirs'));
    await other.put(message('theirs, too'));
    await other.close();
    disk.writeFile('/store/config/mq-recovery.json', mark);
    // The first record is lost; what stands behind it must not be written over.
    const log = disk.open('/store/commitlog/00000000000000000000');
    log.write(Buffer.alloc(64), 0);
    log.close();
    await expect(openStore({ disk, settings: LARGE, bootId: 'boot-2' })).rejects.toMatchObject({
      code: 'CORRUPT',
    });
  });
});
