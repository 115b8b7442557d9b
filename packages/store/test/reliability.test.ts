// Defects that the campaigns of tools/reliability found, each as the smallest state that showed it (docs/reliability.md).
import { ManualClock } from '@mq/remoting';
import type { DefaultMessageStore } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { bodies, message, openStore, properties, readAll, settle } from './store-fixture.js';

const LOG = '/store/commitlog/00000000000000000000';
const SMALL_INDEX = { maxHashSlotNum: 4, maxIndexNum: 200 } as const;

/** Tells of every call, before it takes effect. */
class WatchedDisk extends SimulatedDisk {
  onCall: (() => void) | undefined;

  override count(...call: Parameters<SimulatedDisk['count']>): void {
    this.onCall?.();
    super.count(...call);
  }
}

async function putWithKey(store: DefaultMessageStore, number: number): Promise<void> {
  const result = await store.put(
    message(`body ${number}`, { properties: properties({ UNIQ_KEY: `U${number}` }) }),
  );
  expect(result.status).toBe('PUT_OK');
}

/** Numbers of the messages below `count` that a query by key does not find. */
async function missingKeys(store: DefaultMessageStore, count: number): Promise<number[]> {
  const missing: number[] = [];
  for (let number = 0; number < count; number++) {
    const { buffers } = await store.queryMessage('T', `U${number}`, 32, 0, Number.MAX_SAFE_INTEGER);
    if (buffers.length !== 1) missing.push(number);
  }
  return missing;
}

describe('after a power cut', () => {
  test('a queue file whose size was not durable is extended, not refused', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    await first.put(message('a'));
    await first.put(message('b'));
    await first.close();
    const path = '/store/consumequeue/T/0/00000000000000000000';
    disk.open(path).truncate(40);
    const store = await openStore({ disk, bootId: 'boot-2' });
    expect(await bodies(store)).toEqual(['a', 'b']);
    expect(disk.stat(path)?.sizeBytes).toBe(400);
    await store.close();
  });

  test('a record whose last sector was lost is not served, though all of its body is there', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    await first.put(message('whole'));
    const last = await first.put(
      message('x'.repeat(200), { properties: properties({ A: 'a'.repeat(200) }) }),
    );
    const end = last.commitLogOffset + last.sizeBytes;
    expect(Math.floor(end / 512)).toBe(1);
    const after = disk.kill();
    const bytes = after.readFile(LOG)!;
    bytes.fill(0, 512);
    after.writeFile(LOG, bytes);
    const store = await openStore({ disk: after, bootId: 'boot-2' });
    expect(await bodies(store)).toEqual(['whole']);
    await store.close();
  });

  test('keys are found at once when the slots of the index are ahead of its header', async () => {
    const disk = new SimulatedDisk();
    const clock = new ManualClock();
    const first = await openStore({ disk, clock, settings: SMALL_INDEX });
    for (let number = 0; number < 10; number++) await putWithKey(first, number);
    await clock.advance(61_000);
    const after = disk.kill();
    const path = `/store/index/${after.list('/store/index')[0]!}`;
    const bytes = after.readFile(path)!;
    // Slots that were written, for entries that were not.
    for (let slot = 0; slot < SMALL_INDEX.maxHashSlotNum; slot++) bytes.writeInt32BE(50, 40 + 4 * slot);
    after.writeFile(path, bytes);
    const store = await openStore({ disk: after, settings: SMALL_INDEX, bootId: 'boot-2' });
    expect(await missingKeys(store, 10)).toEqual([]);
    await store.close();
  });

  test('no key is lost wherever a thorough flush was interrupted', async () => {
    const disk = new WatchedDisk();
    const clock = new ManualClock();
    const settings = { ...SMALL_INDEX, maxIndexNum: 16 };
    const first = await openStore({ disk, clock, settings });
    for (let number = 0; number < 10; number++) await putWithKey(first, number);
    await clock.advance(61_000);
    for (let number = 10; number < 20; number++) await putWithKey(first, number);
    const states: SimulatedDisk[] = [];
    disk.onCall = () => {
      states.push(states.length % 2 === 0 ? disk.kill() : [...disk.crashStates(1)][0]!.disk);
    };
    await clock.advance(61_000);
    await settle();
    expect(states.length).toBeGreaterThan(30);
    for (const state of states) {
      const store = await openStore({ disk: state, settings, bootId: 'boot-2' });
      expect(await missingKeys(store, (await readAll(store)).length)).toEqual([]);
      await store.close();
    }
  });
});
