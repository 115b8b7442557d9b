// `enabledAppendPropCRC` and `forceVerifyPropCRC`: the format is judged by Apache's records in @mq/remoting; here, that the
// store writes and checks it.
import { RecordOffset, decodeRecord, verifyPropertyCrc } from '@mq/remoting/message';
import { messageStoreSettings, repairStore } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { bodies, makeStore, message, openStore, properties, readAll } from './store-fixture.js';

describe('a store with enabledAppendPropCRC', () => {
  const settings = { enabledAppendPropCRC: true };

  test.each([
    ['none', Buffer.alloc(0)],
    ['closed ones', properties({ KEYS: 'k', UNIQ_KEY: 'u' })],
    ['open ones', Buffer.from('KEYS\u0001k')],
    ['ones that claim a checksum', properties({ A: '1', ['__CRC32#']: '0000000000', KEYS: 'k' })],
  ])('ends records with properties (%s) with a checksum of their own', async (_, text) => {
    const disk = new SimulatedDisk();
    const store = await openStore({ disk, settings });
    const { commitLogOffset, sizeBytes } = await store.put(message('body', { properties: text }));
    const record = (await store.recordAt(commitLogOffset))!;
    expect([record.length, verifyPropertyCrc(record, 0, record.length)]).toEqual([sizeBytes, true]);
    const stored = decodeRecord(record, 0)!.properties;
    expect(Object.keys(stored).filter((name) => name === '__CRC32#')).toHaveLength(1);
    expect(stored.KEYS).toBe(text.includes('KEYS') ? 'k' : undefined);
    record.writeInt8(7, 20);
    expect(verifyPropertyCrc(record, 0, record.length)).toBe(false);
    if (text.includes('KEYS'))
      expect((await store.queryMessage('T', 'k', 32, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(1);
    const again = await openStore({ disk: disk.kill(), settings, bootId: 'boot-2' });
    expect((await readAll(again)).map(({ body }) => body.toString())).toEqual(['body']);
    await again.close();
    await store.close();
  });

  test('counts the checksum among the bytes of the properties', async () => {
    const store = await openStore({
      disk: new SimulatedDisk(),
      settings: { ...settings, mappedFileSizeCommitLog: 65536 },
    });
    const large = (bytes: number): Buffer => Buffer.from(`A\u0001${'a'.repeat(bytes - 3)}\u0002`);
    expect((await store.put(message('x', { properties: large(32767 - 19) }))).status).toBe(
      'PROPERTIES_SIZE_EXCEEDED',
    );
    expect((await store.put(message('x', { properties: large(32767 - 20) }))).status).toBe('PUT_OK');
    await store.close();
  });
});

describe('a store with forceVerifyPropCRC', () => {
  const LOG = '/store/commitlog/00000000000000000000';
  const SMALL = { mappedFileSizeCommitLog: 4096, mappedFileSizeConsumeQueue: 400, maxHashSlotNum: 100 };
  const verified = { enabledAppendPropCRC: true, forceVerifyPropCRC: true };

  /** Three messages; the born time of the second, which no other checksum covers, is another one. Nothing but the log can be believed. */
  async function damaged(settings: { enabledAppendPropCRC: boolean }): Promise<SimulatedDisk> {
    const disk = new SimulatedDisk();
    const store = await openStore({ disk, settings });
    for (const body of ['a', 'b', 'c'])
      await store.put(message(body, { properties: properties({ A: '1' }) }));
    const [, entry] = await store.consumeQueueEntries('T', 0, 0, 2);
    await store.close();
    for (const path of ['/store/config', '/store/checkpoint', '/store/mq-boot.journal']) disk.remove(path);
    disk.writeFile('/store/abort', 'x');
    const bytes = disk.readFile(LOG)!;
    bytes[entry!.commitLogOffset + RecordOffset.BORN_TIMESTAMP + 7]! ^= 1;
    disk.writeFile(LOG, bytes);
    return disk;
  }

  test('refuses a record of which any byte is another one, and serves the rest after a repair', async () => {
    const disk = await damaged(verified);
    const refused = makeStore({ disk, settings: verified });
    await expect(refused.start()).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('PROPERTY_CRC'),
    });
    await refused.close();
    const settings = {
      ...messageStoreSettings.defaults(),
      storePathRootDir: '/store',
      ...SMALL,
      ...verified,
    };
    expect((await repairStore({ ...settings, maxIndexNum: 200 }, { disk })).findings).toMatchObject([
      { kind: 'log' },
    ]);
    const store = await openStore({ disk, settings: verified });
    expect(await bodies(store)).toEqual(['a', 'c']);
    await store.close();
  });

  test.each([
    ['without it, a record is served as it is read', verified, { forceVerifyPropCRC: false }],
    ['with it, one that was written without the checksum too', { enabledAppendPropCRC: false }, verified],
  ])('%s', async (_, written, read) => {
    const store = await openStore({ disk: await damaged(written), settings: read });
    expect(await bodies(store)).toEqual(['a', 'b', 'c']);
    await store.close();
  });
});
