// Bits in extended queue entries through kills and power cuts: they may save a reader work, and never cost it a message.
import { ManualClock } from '@mq/remoting';
import { decodeRecords } from '@mq/remoting/message';
import type { DefaultMessageStore, MessageFilter } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { message, openStore, settle } from './store-fixture.js';

const SETTINGS = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 400 } as const;
const YES = Buffer.from([1, 0]);
const NO = Buffer.from([0, 1]);

/** A reader of the even messages: by the bits where there are any, and by the body in any case. */
const evenOnly: MessageFilter & { byBits: number } = {
  byBits: 0,
  matchesTagsCode: () => true,
  matchesBitMap(bits) {
    this.byBits++;
    return bits[0] === 1;
  },
  matchesRecord: (record, at, length) =>
    Number(decodeRecords(record.subarray(at, at + length))[0]!.body.toString()) % 2 === 0,
};

async function open(disk: SimulatedDisk, clock = new ManualClock()): Promise<DefaultMessageStore> {
  const store = await openStore({ disk, clock, settings: SETTINGS });
  let next = store.maxOffsetInQueue('T', 0);
  store.filterBitMap = () => (next++ % 2 === 0 ? YES : NO);
  return store;
}

async function fill(store: DefaultMessageStore, count: number): Promise<void> {
  const from = store.maxOffsetInQueue('T', 0);
  for (let i = 0; i < count; i++) await store.put(message(String(from + i)));
}

async function readEven(store: DefaultMessageStore): Promise<number[]> {
  const found: number[] = [];
  for (let offset = 0; ;) {
    const request = { group: 'G', topic: 'T', queueId: 0, offset, maxMsgNums: 32, filter: evenOnly };
    const result = await store.getMessage(request);
    found.push(...decodeRecords(Buffer.concat(result.buffers)).map(({ body }) => Number(body.toString())));
    result.release();
    if (result.nextBeginOffset <= offset || offset >= result.maxOffset) return found;
    offset = result.nextBeginOffset;
  }
}

const evens = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => i).filter((i) => i % 2 === 0);

test('bits are read before and after a restart', async () => {
  const disk = new SimulatedDisk();
  const first = await open(disk);
  await fill(first, 60);
  evenOnly.byBits = 0;
  expect(await readEven(first)).toEqual(evens(60));
  expect(evenOnly.byBits).toBe(60);
  await first.close();
  const second = await open(disk);
  await fill(second, 60);
  evenOnly.byBits = 0;
  expect(await readEven(second)).toEqual(evens(120));
  // A cold read may look at an entry twice.
  expect(evenOnly.byBits).toBeGreaterThanOrEqual(120);
  await second.close();
});

test('no message is lost to bits of another one, whatever a kill or a power cut leaves of them', async () => {
  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  const store = await open(disk, clock);
  await fill(store, 30);
  await clock.advance(61_000);
  await settle();
  await fill(store, 30);
  await clock.advance(1_500);
  await settle();
  await fill(store, 5);
  const states = [{ name: 'kill', disk: disk.kill() }, ...disk.crashStates(25)];
  let kept = 0;
  for (const { name, disk: state } of states) {
    const again = await open(state);
    // One more than before stands where others stood.
    await fill(again, 21);
    const count = again.maxOffsetInQueue('T', 0);
    evenOnly.byBits = 0;
    expect([name, await readEven(again)]).toEqual([name, evens(count)]);
    kept += evenOnly.byBits;
    await again.close();
  }
  expect(kept).toBeGreaterThan(21 * states.length);
});

test('bits go with their topic', async () => {
  const disk = new SimulatedDisk();
  const store = await open(disk);
  await fill(store, 60);
  await store.deleteTopic('T');
  expect(disk.list('/store/consumequeue_ext')).toEqual([]);
  await store.close();
});
