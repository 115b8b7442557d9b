import { crc32 } from 'node:zlib';
import { BufferPool } from './buffer-pool.js';
import { CHUNK_BYTES, LogChunks, OVERLAP_BYTES, STRIDE_BYTES, type ChunkSource } from './log-chunks.js';

const FILE_BYTES = 3 * STRIDE_BYTES + 1000;

/** A log whose byte at each offset is the offset's lowest byte; counts its reads. */
class CountingLog implements ChunkSource {
  readonly reads: { offset: number; length: number }[] = [];
  failNext = false;
  inMemoryFrom = Infinity;
  readonly sums = new Map<number, number>();

  constructor(public writtenOffset: number) {}

  fileAt(offset: number) {
    const baseOffset = Math.floor(offset / FILE_BYTES) * FILE_BYTES;
    return offset >= 0 ? { baseOffset, endOffset: baseOffset + FILE_BYTES } : undefined;
  }

  sumOf(offset: number) {
    return this.sums.get(offset);
  }

  async readFile(offset: number, target: Buffer, length: number): Promise<number> {
    this.reads.push({ offset, length });
    await Promise.resolve();
    if (this.failNext) {
      this.failNext = false;
      throw new Error('EIO');
    }
    for (let at = 0; at < length; at++) target[at] = offset + at;
    return length;
  }
}

function setUp(writtenOffset = 10 * FILE_BYTES, maxChunks?: number) {
  const log = new CountingLog(writtenOffset);
  const pool = new BufferPool();
  const given: Buffer[] = [];
  jest.spyOn(pool, 'give').mockImplementation((buffer) => void given.push(buffer));
  return { log, given, chunks: new LogChunks(log, pool, maxChunks) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('chunks of the log', () => {
  test('are read once for all who want something of them', async () => {
    const { log, chunks } = setUp();
    const loaded = await Promise.all([5, 1000, 70_000].map((offset) => chunks.load(offset, 300)));
    expect(log.reads).toEqual([{ offset: 0, length: CHUNK_BYTES }]);
    for (const chunk of loaded) expect(chunk!.buffer[1000]).toBe(1000 & 0xff);
  });

  test('are found at once when they are there', async () => {
    const { log, chunks } = setUp();
    expect(chunks.find(1000, 300)).toBeUndefined();
    const loaded = await chunks.load(5, 300);
    expect(chunks.find(1000, 300)).toBe(loaded);
    expect(chunks.find(CHUNK_BYTES, 300)).toBeUndefined();
    expect(chunks.find(-300, 300)).toBeUndefined();
    expect(log.reads).toHaveLength(1);
  });

  test('begin at the start of a file and end with it', async () => {
    const { log, chunks } = setUp();
    const chunk = await chunks.load(2 * FILE_BYTES - 500, 400);
    expect(log.reads).toEqual([{ offset: FILE_BYTES + 3 * STRIDE_BYTES, length: 1000 }]);
    expect(chunk!.base + chunk!.length).toBe(2 * FILE_BYTES);
  });

  test('overlap, so that ordinary records lie in one of them wherever they start', async () => {
    const { chunks } = setUp();
    for (const offset of [STRIDE_BYTES - 1, STRIDE_BYTES, CHUNK_BYTES - OVERLAP_BYTES + 1]) {
      expect((await chunks.load(offset, OVERLAP_BYTES))!.holds(offset, OVERLAP_BYTES)).toBe(true);
    }
    expect(await chunks.load(STRIDE_BYTES - 1, OVERLAP_BYTES + 2)).toBeUndefined();
  });

  test('do not serve what is not written, or not of the log', async () => {
    const { log, chunks } = setUp(5000);
    expect(await chunks.load(4900, 200)).toBeUndefined();
    expect(await chunks.load(-200, 100)).toBeUndefined();
    expect(log.reads).toEqual([]);
  });

  test('that were read at the end of the log are read again when it has grown', async () => {
    const { log, chunks } = setUp(5000);
    expect((await chunks.load(4000, 1000))!.length).toBe(5000);
    log.writtenOffset = 9000;
    expect(chunks.find(8000, 1000)).toBeUndefined();
    expect((await chunks.load(8000, 1000))!.length).toBe(9000);
    expect(chunks.find(4000, 1000)!.length).toBe(9000);
    expect(log.reads).toHaveLength(2);
  });

  test('leave when others are wanted, but their buffer is not used again while somebody holds it', async () => {
    const { given, chunks } = setUp(10 * FILE_BYTES, 1);
    const first = (await chunks.load(0, 10))!;
    const second = (await chunks.load(STRIDE_BYTES, 10))!;
    expect(given).toEqual([]);
    first.release();
    expect(given).toEqual([first.buffer]);
    second.release();
    chunks.clear();
    expect(given).toEqual([first.buffer, second.buffer]);
  });

  test('that left before their reader came are not served', async () => {
    const { chunks } = setUp(10 * FILE_BYTES, 1);
    const wanted = [0, 1, 2].map((index) => chunks.load(index * STRIDE_BYTES, 10));
    const loaded = await Promise.all(wanted);
    expect(loaded[2]).toBeDefined();
    for (const [index, chunk] of loaded.entries()) {
      if (chunk !== undefined) expect(chunk.buffer[1]).toBe((index * STRIDE_BYTES + 1) & 0xff);
    }
  });

  test('that could not be read are asked for again', async () => {
    const { log, chunks } = setUp();
    log.failNext = true;
    await expect(chunks.load(0, 10)).rejects.toThrow('EIO');
    expect((await chunks.load(0, 10))!.length).toBe(CHUNK_BYTES);
  });

  test('remember which records were sound, by where they start exactly', async () => {
    const { chunks } = setUp();
    const chunk = (await chunks.load(0, 10))!;
    expect(chunk.isKnownSound(700, 100)).toBe(false);
    chunk.markSound(700);
    expect(chunk.isKnownSound(700, 100)).toBe(true);
    for (const other of [0, 699, 701, 704, 636, 764]) expect(chunk.isKnownSound(other, 100)).toBe(false);
    chunk.markSound(chunk.length - 1);
    expect(chunk.isKnownSound(chunk.length - 1, 100)).toBe(true);
  });
});

describe('a chunk of which the sum is known', () => {
  test('is trusted when it is what was written, up to its overlap', async () => {
    const { log, chunks } = setUp();
    const written = Buffer.alloc(STRIDE_BYTES);
    await log.readFile(STRIDE_BYTES, written, STRIDE_BYTES);
    log.sums.set(STRIDE_BYTES, crc32(written));
    const chunk = (await chunks.load(STRIDE_BYTES, 10))!;
    expect(chunk.isKnownSound(0, 100)).toBe(true);
    expect(chunk.isKnownSound(STRIDE_BYTES - 100, 100)).toBe(true);
    expect(chunk.isKnownSound(STRIDE_BYTES - 99, 100)).toBe(false);
    expect((await chunks.load(0, 10))!.isKnownSound(0, 100)).toBe(false);
  });

  test('is not trusted when it is anything else', async () => {
    const { log, chunks } = setUp();
    log.sums.set(0, 12345);
    const chunk = (await chunks.load(0, 10))!;
    expect(chunk.isKnownSound(0, 100)).toBe(false);
  });
});

describe('reading ahead', () => {
  test('fetches the next chunk for who reads from the start of one into its second half', async () => {
    const { log, chunks } = setUp();
    await chunks.load(0, 300);
    chunks.find(CHUNK_BYTES / 2 - 300, 300);
    expect(log.reads).toHaveLength(1);
    chunks.find(CHUNK_BYTES / 2, 300);
    chunks.find(CHUNK_BYTES / 2 + 300, 300);
    await settled();
    expect(log.reads.slice(1)).toEqual([{ offset: STRIDE_BYTES, length: CHUNK_BYTES }]);
    expect(chunks.find(CHUNK_BYTES, 300)!.base).toBe(STRIDE_BYTES);
  });

  test('does not guess for who comes in at the end of a chunk', async () => {
    const { log, chunks } = setUp();
    await chunks.load(CHUNK_BYTES / 2, 300);
    chunks.find(CHUNK_BYTES / 2 + 300, 300);
    await settled();
    expect(log.reads).toHaveLength(1);
  });

  test.each([
    ['what is in memory', 0, (log: CountingLog) => (log.inMemoryFrom = STRIDE_BYTES + 1)],
    ['what is not written', 0, (log: CountingLog) => (log.writtenOffset = CHUNK_BYTES + 1)],
    ['another file', 2 * STRIDE_BYTES, () => undefined],
  ])('stops before %s', async (_, base, limit) => {
    const { log, chunks } = setUp();
    limit(log);
    await chunks.load(base, 300);
    chunks.find(base + CHUNK_BYTES - 1000, 300);
    await settled();
    expect(log.reads).toHaveLength(1);
  });

  test('leaves an error to who needs the bytes', async () => {
    const { log, chunks } = setUp();
    await chunks.load(0, 300);
    log.failNext = true;
    chunks.find(CHUNK_BYTES / 2, 300);
    await settled();
    expect((await chunks.load(CHUNK_BYTES, 300))!.base).toBe(STRIDE_BYTES);
  });
});
