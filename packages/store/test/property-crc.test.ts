// `enabledAppendPropCRC`: the format is judged by Apache's records in @mq/remoting; here, that the store writes it.
import { decodeRecord, verifyPropertyCrc } from '@mq/remoting/message';
import { SimulatedDisk } from '../src/testing/index.js';
import { message, openStore, properties, readAll } from './store-fixture.js';

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
