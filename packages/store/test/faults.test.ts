// A disk that fails: what producers are told, what consumers see, and what a restart finds.
import { ManualClock, type Clock } from '@mq/remoting';
import type { DefaultMessageStore, PutResult } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import {
  bodies,
  makeStore,
  message,
  openStore,
  putAll,
  settle,
  type FixtureOptions,
} from './store-fixture.js';

const SYNC = { flushDiskType: 'SYNC_FLUSH' } as const;
const LOG = '/store/commitlog/00000000000000000000';

describe('a message store on a failing disk', () => {
  let disk: SimulatedDisk;
  let clock: ManualClock;
  let opened: DefaultMessageStore[];
  beforeEach(() => {
    disk = new SimulatedDisk();
    clock = new ManualClock();
    opened = [];
  });
  afterEach(async () => {
    disk.clearFaults();
    disk.syncGate = undefined;
    for (const store of opened) await store.close();
  });

  async function open(options: Partial<FixtureOptions> = {}): Promise<DefaultMessageStore> {
    const store = await openStore({ disk, clock, ...options });
    opened.push(store);
    return store;
  }

  /** Holds every sync back; the returned function lets them pass. */
  function holdSyncs(): () => void {
    let open = (): void => undefined;
    disk.syncGate = new Promise((resolve) => (open = resolve));
    return () => {
      disk.syncGate = undefined;
      open();
    };
  }

  function watch(store: DefaultMessageStore, body: string, waitStoreMsgOk = true): PutResult[] {
    const results: PutResult[] = [];
    store.append(message(body, { waitStoreMsgOk }), { onPutResult: (result) => results.push(result) });
    return results;
  }

  describe.each([
    ['EIO', 0],
    ['ENOSPC', 50],
    ['EROFS', 0],
  ])('when a log write fails with %s after %i bytes', (code, acceptBytes) => {
    test('the puts of that turn fail, later ones are refused, earlier ones stay readable', async () => {
      const store = await open();
      await store.put(message('before'));
      disk.failAt('write', 1, code, { path: 'commitlog', acceptBytes });
      const failed = await putAll(store, [message('a'), message('b')]);
      expect(failed.map(({ status }) => status)).toEqual(['UNKNOWN_ERROR', 'UNKNOWN_ERROR']);
      expect(await store.put(message('after'))).toMatchObject({
        status: 'SERVICE_NOT_AVAILABLE',
        remark: expect.stringContaining('commit log failed') as unknown,
      });
      expect(store.isWriteable).toBe(false);
      expect(await bodies(store)).toEqual(['before']);
      await store.close();
      expect(disk.stat('/store/abort')).toBeDefined();
      const next = await open();
      expect((await bodies(next))[0]).toBe('before');
      expect((await next.put(message('works again'))).status).toBe('PUT_OK');
    });
  });

  test('SYNC_FLUSH acknowledges and shows a message only when a sync that covers it succeeded', async () => {
    const store = await open({ settings: SYNC });
    const release = holdSyncs();
    const results = watch(store, 'a');
    await settle();
    expect(results).toEqual([]);
    expect(store.maxOffsetInQueue('T', 0)).toBe(0);
    expect(store.flushedWhere).toBeLessThan(store.maxPhyOffset);
    release();
    await settle();
    expect(results).toMatchObject([{ status: 'PUT_OK' }]);
    expect(await bodies(store)).toEqual(['a']);
  });

  test('SYNC_FLUSH gathers what arrives during a sync into the next one', async () => {
    const store = await open({ settings: SYNC });
    const release = holdSyncs();
    const before = disk.calls.get('sync') ?? 0;
    const first = watch(store, 'first');
    await settle();
    const gathered = Array.from({ length: 20 }, (_, i) => watch(store, `g${i}`));
    await settle();
    expect([...first, ...gathered.flat()]).toEqual([]);
    release();
    for (let i = 0; i < 4; i++) await settle();
    expect([...first, ...gathered.flat()].every(({ status }) => status === 'PUT_OK')).toBe(true);
    expect(gathered.flat()).toHaveLength(20);
    expect((disk.calls.get('sync') ?? 0) - before).toBe(2);
  });

  test('SYNC_FLUSH answers WAIT=false without waiting for the sync', async () => {
    const store = await open({ settings: SYNC });
    const release = holdSyncs();
    const results = watch(store, 'a', false);
    await settle();
    expect(results).toMatchObject([{ status: 'PUT_OK' }]);
    release();
  });

  test('a sync that takes too long is FLUSH_DISK_TIMEOUT; the message shows once it is on disk', async () => {
    const store = await open({ settings: { ...SYNC, syncFlushTimeout: 100 } });
    const release = holdSyncs();
    const results = watch(store, 'slow');
    await settle();
    await clock.advance(99);
    expect(results).toEqual([]);
    await clock.advance(2);
    expect(results).toMatchObject([{ status: 'FLUSH_DISK_TIMEOUT', queueOffset: 0 }]);
    expect(await bodies(store)).toEqual([]);
    release();
    await settle();
    expect(await bodies(store)).toEqual(['slow']);
    expect((await store.put(message('next'))).status).toBe('PUT_OK');
  });

  test('a failed sync is final: nobody is acknowledged, though a later sync would succeed', async () => {
    const store = await open({ settings: SYNC });
    await store.put(message('safe'));
    disk.failAt('sync', 1, 'EIO', { path: 'commitlog' });
    const results = await putAll(store, [message('a'), message('b')]);
    expect(results.map(({ status }) => status)).toEqual(['FLUSH_DISK_TIMEOUT', 'FLUSH_DISK_TIMEOUT']);
    expect((await store.put(message('c'))).status).toBe('SERVICE_NOT_AVAILABLE');
    await clock.advance(20_000);
    expect(await bodies(store)).toEqual(['safe']);
    expect(store.flushedWhere).toBeLessThan(store.maxPhyOffset);
    await store.close();
    expect(disk.stat('/store/abort')).toBeDefined();
  });

  test('ASYNC_FLUSH stops taking messages when a background sync fails', async () => {
    const store = await open({ settings: { flushCommitLogLeastPages: 0 } });
    expect((await store.put(message('a'))).status).toBe('PUT_OK');
    disk.failAt('sync', 1, 'EIO', { path: 'commitlog' });
    await clock.advance(600);
    expect((await store.put(message('b'))).status).toBe('SERVICE_NOT_AVAILABLE');
  });

  test('puts beyond the bound of waiting ones are refused as busy', async () => {
    const store = await open({ settings: { ...SYNC, maxAsyncPutMessageRequests: 2 } });
    const release = holdSyncs();
    watch(store, 'a');
    watch(store, 'b');
    await settle();
    expect(watch(store, 'c')).toMatchObject([{ status: 'OS_PAGE_CACHE_BUSY' }]);
    release();
    await settle();
    await settle();
    expect((await store.put(message('d'))).status).toBe('PUT_OK');
  });

  test('a write that blocked for long makes the store refuse puts for as long again', async () => {
    let stalledMs = 0;
    const stall = { ms: 1500 };
    const openFile = disk.open.bind(disk);
    disk.open = (path, options) => {
      const file = openFile(path, options);
      if (!path.includes('commitlog')) return file;
      const write = file.write.bind(file);
      file.write = (...args) => {
        stalledMs += stall.ms;
        write(...args);
      };
      return file;
    };
    const stalling: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + stalledMs,
      setTimeout: (fn, ms) => clock.setTimeout(fn, ms),
      setInterval: (fn, ms) => clock.setInterval(fn, ms),
    };
    const store = await open({ clock: stalling });
    expect((await store.put(message('a'))).status).toBe('PUT_OK');
    expect(store.isOSPageCacheBusy).toBe(true);
    expect(store.runtimeInfo()['pageCacheLockTimeMills']).toBe('1500');
    expect((await store.put(message('b'))).status).toBe('OS_PAGE_CACHE_BUSY');
    stall.ms = 0;
    await clock.advance(1001);
    expect((await store.put(message('c'))).status).toBe('PUT_OK');
  });

  test('a file that cannot be created refuses the put and leaves the log usable', async () => {
    const store = await open();
    for (let i = 0; i < 9; i++) await store.put(message('x'.repeat(300)));
    disk.failAt('open', 1, 'EMFILE', { path: '00000000000000004096' });
    const full = message('y'.repeat(1500));
    expect((await store.put(full)).status).toBe('CREATE_MAPPED_FILE_FAILED');
    const retried = await store.put(full);
    expect(retried).toMatchObject({ status: 'PUT_OK', commitLogOffset: 4096, queueOffset: 9 });
  });

  test('a full disk refuses puts with the reason until there is room again', async () => {
    const store = await open();
    await store.put(message('a'));
    disk.usageNumbers = { totalBytes: 1000, usableBytes: 50 };
    await clock.advance(10_000);
    expect(await store.put(message('b'))).toMatchObject({
      status: 'SERVICE_NOT_AVAILABLE',
      remark: expect.stringContaining('disk is full') as unknown,
    });
    disk.usageNumbers = { totalBytes: 1000, usableBytes: 900 };
    await clock.advance(10_000);
    expect((await store.put(message('c'))).status).toBe('PUT_OK');
  });

  test('a full disk of the queues refuses puts too, and says so', async () => {
    const store = await open();
    let isFull = true;
    disk.usage = (path) => ({
      totalBytes: 1000,
      usableBytes: isFull && path.includes('consumequeue') ? 50 : 900,
    });
    await clock.advance(10_000);
    expect(await store.put(message('a'))).toMatchObject({
      status: 'SERVICE_NOT_AVAILABLE',
      remark: expect.stringContaining('disk is full') as unknown,
    });
    isFull = false;
    await clock.advance(10_000);
    expect((await store.put(message('b'))).status).toBe('PUT_OK');
  });

  test('a nearly full disk removes old files whatever their age, the newest never', async () => {
    const store = await open({ settings: { deleteCommitLogFilesInterval: 0 } });
    disk.now = () => clock.now();
    for (let i = 0; i < 40; i++) await store.put(message('x'.repeat(300)));
    disk.usageNumbers = { totalBytes: 1000, usableBytes: 120 };
    await clock.advance(11_000);
    expect(store.minPhyOffset).toBeGreaterThan(0);
    expect(store.minPhyOffset).toBe(store.maxPhyOffset - (store.maxPhyOffset % 4096));
    expect((await store.put(message('y'))).status).toBe('PUT_OK');
  });

  test('a file that is removed before it was synced does not fence the log', async () => {
    const settings = { deleteCommitLogFilesInterval: 0, flushIntervalCommitLog: 30_000 };
    const store = await open({ settings });
    for (let i = 0; i < 40; i++) await store.put(message('x'.repeat(300)));
    disk.usageNumbers = { totalBytes: 1000, usableBytes: 120 };
    await clock.advance(11_000);
    expect(store.minPhyOffset).toBeGreaterThan(0);
    await clock.advance(30_000);
    expect(await store.put(message('y'))).toMatchObject({ status: 'PUT_OK' });
    await clock.advance(60_000);
    expect(store.flushedWhere).toBe(store.maxPhyOffset);
  });

  test('queues that cannot be written stop puts, lose nothing, and go on when they can', async () => {
    const store = await open({ settings: { flushIntervalConsumeQueue: 1_000_000 } });
    disk.failAt('write', 1, 'EIO', { path: 'consumequeue', sticky: true });
    let stored = 0;
    for (let turn = 0; turn < 100 && store.isWriteable; turn++) {
      const results = await putAll(
        store,
        Array.from({ length: 100 }, () => message('x')),
      );
      stored += results.filter(({ status }) => status === 'PUT_OK').length;
    }
    expect(store.isWriteable).toBe(false);
    disk.clearFaults();
    await clock.advance(1000);
    expect(store.isWriteable).toBe(true);
    expect(store.dispatchBehindBytes).toBe(0);
    expect(store.maxOffsetInQueue('T', 0)).toBe(stored);
  });

  test('a flipped bit is never served as a good body', async () => {
    const first = await open();
    await putAll(
      first,
      ['good one', 'bad one', 'another good one'].map((body) => message(body)),
    );
    await first.close();
    const bytes = disk.readFile(LOG)!;
    bytes[bytes.indexOf('bad one')]! ^= 1;
    disk.writeFile(LOG, bytes);
    const second = await open();
    expect(await bodies(second)).toEqual(['good one', 'another good one']);
    expect(await second.recordAt(100)).toBeUndefined();
    const onlyBad = await second.getMessage({ group: 'G', topic: 'T', queueId: 0, offset: 1, maxMsgNums: 1 });
    expect([onlyBad.status, onlyBad.nextBeginOffset]).toEqual(['MESSAGE_WAS_REMOVING', 2]);
  });

  test('a waiter that throws does not harm the others of its turn', async () => {
    const store = await open();
    const waiter = {
      onPutResult: () => {
        throw new Error('a bug of the caller');
      },
    };
    store.append(message('a'), waiter);
    expect((await store.put(message('b'))).status).toBe('PUT_OK');
  });

  test('a start that fails halfway writes nothing when it is closed, and the next one works', async () => {
    const first = await open();
    await first.put(message('a'));
    await first.close();
    disk.failAt('rename', 1, 'EIO', { path: 'mq-recovery' });
    const failed = makeStore({ disk, clock, bootId: 'boot-2' });
    await expect(failed.start()).rejects.toMatchObject({ code: 'IO' });
    const writes = disk.calls.get('write');
    await failed.close();
    expect(disk.calls.get('write')).toBe(writes);
    const next = await open();
    expect(await bodies(next)).toEqual(['a']);
  });

  test('a start that is refused leaves the directory as it was', async () => {
    const first = await open();
    await first.put(message('a'));
    await first.close();
    const refused = makeStore({ disk, clock, settings: { mappedFileSizeCommitLog: 8192 } });
    await expect(refused.start()).rejects.toMatchObject({ code: 'FILE_SIZE_MISMATCH' });
    expect(disk.stat('/store/abort')).toBeUndefined();
  });
});
