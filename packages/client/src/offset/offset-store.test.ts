import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentLogger } from '@mq/remoting';
import { LocalFileOffsetStore } from './local-file-offset-store.js';
import { decodeOffsetFile, encodeOffsetFile } from './offset-file.js';

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
const FILE =
  '{\n\t"offsetTable":{{\n\t\t\t"brokerName":"broker-a",\n\t\t\t"queueId":0,\n\t\t\t"topic":"T"\n\t\t}:12\n\t}\n}';

describe('the file of broadcast offsets', () => {
  test('is written as fastjson writes it', () => {
    expect(encodeOffsetFile([{ queue, offset: 12 }])).toBe(FILE);
  });

  test('is read back', () => {
    expect(decodeOffsetFile(FILE)).toEqual([{ queue, offset: 12 }]);
    expect(decodeOffsetFile(encodeOffsetFile([]))).toEqual([]);
  });

  test.each([
    '',
    '{',
    '{}',
    '{"offsetTable":[]}',
    '{"offsetTable":{"a":1}}',
    FILE.replace('12', '"x"'),
    FILE.replace('"queueId":0,', ''),
  ])('is refused when damaged: %j', (text) => expect(() => decodeOffsetFile(text)).toThrow());
});

describe('a local offset store', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'mq-offsets-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = async (): Promise<LocalFileOffsetStore> => {
    const store = new LocalFileOffsetStore(directory, 'ip@DEFAULT', 'G', silentLogger);
    await store.load();
    return store;
  };
  const path = (): string => join(directory, 'ip@DEFAULT', 'G', 'offsets.json');

  test('begins empty, keeps what is persisted, and the file before as .bak', async () => {
    const store = await open();
    expect(store.read(queue)).toBe(-1);
    store.update(queue, 5, true);
    expect(await store.persist([queue])).toEqual([]);
    store.update(queue, 6, true);
    await store.persist([queue]);
    expect((await open()).read(queue)).toBe(6);
    expect(decodeOffsetFile(readFileSync(`${path()}.bak`, 'utf8'))).toEqual([{ queue, offset: 5 }]);
  });

  test('takes a smaller offset only when told to', async () => {
    const store = await open();
    store.update(queue, 5, true);
    store.update(queue, 3, true);
    expect(store.read(queue)).toBe(5);
    store.update(queue, 3, false);
    expect(store.read(queue)).toBe(3);
  });

  test('falls back to .bak when the file is damaged, and refuses when both are', async () => {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), FILE.slice(0, 20));
    writeFileSync(`${path()}.bak`, FILE);
    expect((await open()).read(queue)).toBe(12);
    writeFileSync(`${path()}.bak`, 'nonsense');
    await expect(open()).rejects.toMatchObject({ code: 'LOCAL_STORE_FAILED' });
  });

  test('never replaces a .bak by a damaged file', async () => {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), FILE.slice(0, 20));
    writeFileSync(`${path()}.bak`, FILE);
    const store = await open();
    for (const offset of [13, 14]) {
      store.update(queue, offset, true);
      await store.persist([queue]);
      const before = decodeOffsetFile(readFileSync(`${path()}.bak`, 'utf8'));
      expect(before).toMatchObject([{ queue, offset: offset - 1 }]);
    }
  });

  test('reads the file that a crash left as .bak alone', async () => {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(`${path()}.bak`, FILE);
    expect((await open()).read(queue)).toBe(12);
  });

  test('says which queues could not be saved', async () => {
    writeFileSync(join(directory, 'ip@DEFAULT'), 'a file where a folder must be');
    const store = new LocalFileOffsetStore(directory, 'ip@DEFAULT', 'G', silentLogger);
    store.update(queue, 5, true);
    expect(await store.persist([queue])).toEqual([queue]);
  });
});
