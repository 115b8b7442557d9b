import { BufferPool } from './buffer-pool.js';
import { CHUNK_BYTES, LogChunks, type ChunkSource } from './log-chunks.js';

const FILE_BYTES = 3 * CHUNK_BYTES + 1000;

/** A log whose byte at each offset is the offset's lowest byte; counts its reads. */
class CountingLog implements ChunkSource {
  readonly reads: { offset: number; length: number }[] = [];
  failNext = false;

  constructor(public writtenOffset: number) {}

  fileAt(offset: number) {
    const baseOffset = Math.floor(offset / FILE_BYTES) * FILE_BYTES;
    return offset < 0 ? undefined : { baseOffset, endOffset: baseOffset + FILE_BYTES };
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

describe('chunks of the log', () => {
  test('are read once for all who want something of them', async () => {
    const log = new CountingLog(10 * FILE_BYTES);
    const chunks = new LogChunks(log, new BufferPool());
    const found = await Promise.all([5, 1000, 70_000].map((offset) => chunks.holding(offset, 300)));
    expect(log.reads).toEqual([{ offset: 0, length: CHUNK_BYTES }]);
    for (const chunk of found) {
      expect(chunk!.buffer[1000]).toBe(1000 & 0xff);
      chunk!.release();
    }
  });

  test('begin at the start of a file and end with it', async () => {
    const log = new CountingLog(10 * FILE_BYTES);
    const chunks = new LogChunks(log, new BufferPool());
    const chunk = await chunks.holding(2 * FILE_BYTES - 500, 400);
    expect(log.reads).toEqual([{ offset: FILE_BYTES + 3 * CHUNK_BYTES, length: 1000 }]);
    expect(chunk!.base + chunk!.length).toBe(2 * FILE_BYTES);
  });

  test('do not serve what two of them share, or what is not written', async () => {
    const log = new CountingLog(5000);
    const chunks = new LogChunks(log, new BufferPool());
    expect(await chunks.holding(4900, 200)).toBeUndefined();
    log.writtenOffset = 10 * FILE_BYTES;
    expect(await chunks.holding(CHUNK_BYTES - 10, 20)).toBeUndefined();
    expect(log.reads).toEqual([]);
  });

  test('that were read at the end of the log are read again when it has grown', async () => {
    const log = new CountingLog(5000);
    const chunks = new LogChunks(log, new BufferPool());
    expect((await chunks.holding(4000, 1000))!.length).toBe(5000);
    log.writtenOffset = 9000;
    expect((await chunks.holding(8000, 1000))!.length).toBe(9000);
    expect((await chunks.holding(4000, 1000))!.length).toBe(9000);
    expect(log.reads).toHaveLength(2);
  });

  test('leave when others are wanted, but their buffer is not used again while somebody holds it', async () => {
    const log = new CountingLog(10 * FILE_BYTES);
    const pool = new BufferPool();
    const given: Buffer[] = [];
    jest.spyOn(pool, 'give').mockImplementation((buffer) => void given.push(buffer));
    const chunks = new LogChunks(log, pool, 1);
    const first = (await chunks.holding(0, 10))!;
    const second = (await chunks.holding(CHUNK_BYTES, 10))!;
    expect(given).toEqual([]);
    first.release();
    expect(given).toEqual([first.buffer]);
    second.release();
    chunks.clear();
    expect(given).toEqual([first.buffer, second.buffer]);
  });

  test('that left before their reader came are not served', async () => {
    const log = new CountingLog(10 * FILE_BYTES);
    const chunks = new LogChunks(log, new BufferPool(), 1);
    const wanted = [0, 1, 2].map((index) => chunks.holding(index * CHUNK_BYTES, 10));
    const found = await Promise.all(wanted);
    expect(found[2]).toBeDefined();
    for (const [index, chunk] of found.entries()) {
      if (chunk !== undefined) expect(chunk.buffer[1]).toBe((index * CHUNK_BYTES + 1) & 0xff);
    }
  });

  test('that could not be read are asked for again', async () => {
    const log = new CountingLog(10 * FILE_BYTES);
    const chunks = new LogChunks(log, new BufferPool());
    log.failNext = true;
    await expect(chunks.holding(0, 10)).rejects.toThrow('EIO');
    expect((await chunks.holding(0, 10))!.length).toBe(CHUNK_BYTES);
  });
});
