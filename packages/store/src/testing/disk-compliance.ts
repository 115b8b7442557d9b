/** What every `Disk` promises, as cases that need no particular test runner: the simulated one and the real one pass them. */
import { equal, notEqual, ok, rejects, throws } from 'node:assert/strict';
import { join } from 'node:path';
import type { Disk, DiskFile } from '../disk/disk.js';

/** A disk and an empty, existing directory on it. */
export interface DiskUnderTest {
  /** The disk that is tested. */
  readonly disk: Disk;
  /** The directory, as an absolute path. */
  readonly root: string;
  /** Removes the directory after the last case. */
  cleanup?(): void;
}

/** One promise of a `Disk`: `run` throws where the disk breaks it. `root` is an empty, existing directory. */
export interface DiskComplianceCase {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Throws, or rejects, where the promise is broken. */
  run(disk: Disk, root: string): void | Promise<void>;
}

/** The two functions of a test runner that are needed. */
export interface SuiteRunner {
  /** Groups the cases under a name. */
  describe(name: string, body: () => void): void;
  /** Registers one case. */
  test(name: string, body: () => void | Promise<void>): void;
}

/** Registers the cases with a runner; without one, with the global `describe` and `test`. */
export function diskComplianceSuite(
  name: string,
  makeDisk: () => DiskUnderTest,
  { describe, test }: SuiteRunner = globalThis as unknown as SuiteRunner,
): void {
  describe(`${name} as a Disk`, () => {
    for (const { name: sentence, run } of diskComplianceCases) {
      test(sentence, async () => {
        const { disk, root, cleanup } = makeDisk();
        try {
          await run(disk, root);
        } finally {
          cleanup?.();
        }
      });
    }
  });
}

/** What every `Disk` promises, one case each. */
export const diskComplianceCases: readonly DiskComplianceCase[] = [
  {
    name: 'opening an absent file without create fails with ENOENT',
    run(disk, root) {
      throws(() => disk.open(join(root, 'none')), {
        name: 'DiskError',
        code: 'ENOENT',
        path: join(root, 'none'),
      });
    },
  },
  {
    name: 'opening with create makes an empty file, in an existing directory only',
    run(disk, root) {
      disk.open(join(root, 'a'), { create: true }).close();
      equal(disk.stat(join(root, 'a'))?.sizeBytes, 0);
      throws(() => disk.open(join(root, 'no-dir', 'a'), { create: true }), { code: 'ENOENT' });
    },
  },
  {
    name: 'a size given at open extends a shorter file with zeros and leaves a longer one',
    run(disk, root) {
      const path = join(root, 'a');
      withFile(disk, path, (file) => file.write(Buffer.from('head'), 0));
      const extended = disk.open(path, { sizeBytes: 10_000 });
      equal(extended.sizeBytes, 10_000);
      sameBytes(readAll(extended).subarray(0, 6), Buffer.from('head\0\0'));
      extended.close();
      const again = disk.open(path, { sizeBytes: 10 });
      equal(again.sizeBytes, 10_000);
      again.close();
      equal(disk.stat(path)?.sizeBytes, 10_000);
    },
  },
  {
    name: 'a write places a slice of its source at its position and leaves zeros before it',
    run(disk, root) {
      withFile(disk, join(root, 'a'), (file) => {
        file.write(Buffer.from('..payload..'), 5, 7, 2);
        equal(file.sizeBytes, 12);
        sameBytes(readAll(file), Buffer.from('\0\0\0\0\0payload'));
      });
    },
  },
  {
    name: 'a read stops at the end of the file, blocking or not',
    async run(disk, root) {
      const file = disk.open(join(root, 'a'), { create: true });
      file.write(Buffer.from('0123456789'), 0);
      const target = Buffer.alloc(8, '-');
      equal(file.read(target, 7), 3);
      equal(target.toString(), '789-----');
      equal(await file.readAsync(target, 4, 4, 4), 4);
      equal(target.toString(), '789-4567');
      equal(file.read(target, 10), 0);
      equal(await file.readAsync(target, 99), 0);
      file.close();
    },
  },
  {
    name: 'positions beyond 4 GiB are exact',
    run(disk, root) {
      withFile(disk, join(root, 'a'), (file) => {
        const position = 5 * 2 ** 32 + 1;
        file.write(Buffer.from('far'), position);
        const target = Buffer.alloc(3);
        equal(file.read(target, position), 3);
        equal(target.toString(), 'far');
        equal(file.sizeBytes, position + 3);
      });
    },
  },
  {
    name: 'truncate cuts, and extending again shows zeros',
    run(disk, root) {
      withFile(disk, join(root, 'a'), (file) => {
        file.write(Buffer.from('0123456789'), 0);
        file.truncate(4);
        equal(file.sizeBytes, 4);
        file.truncate(6);
        sameBytes(readAll(file), Buffer.from('0123\0\0'));
      });
    },
  },
  {
    name: 'sync resolves, and fails on a closed handle',
    async run(disk, root) {
      const file = disk.open(join(root, 'a'), { create: true });
      file.write(Buffer.from('x'), 0);
      await file.sync();
      file.syncNow();
      file.close();
      file.close();
      await rejects(async () => file.sync(), { name: 'DiskError' });
      throws(() => file.write(Buffer.from('x'), 0), { name: 'DiskError', operation: 'write' });
      throws(() => file.read(Buffer.alloc(1), 0), { name: 'DiskError', operation: 'read' });
    },
  },
  {
    name: 'a file opened read-only refuses writes',
    run(disk, root) {
      const path = join(root, 'a');
      disk.writeFile(path, 'text');
      const file = disk.open(path, { readOnly: true });
      throws(() => file.write(Buffer.from('x'), 0), { name: 'DiskError', code: 'EBADF' });
      equal(readAll(file).toString(), 'text');
      file.close();
    },
  },
  {
    name: 'list is sorted, names only, and empty for an absent directory',
    run(disk, root) {
      disk.mkdir(join(root, 'dir', 'sub'));
      disk.mkdir(join(root, 'dir', 'sub'));
      disk.writeFile(join(root, 'dir', 'b'), '');
      disk.writeFile(join(root, 'dir', 'a'), '');
      sameNames(disk.list(join(root, 'dir')), ['a', 'b', 'sub']);
      sameNames(disk.list(join(root, 'none')), []);
    },
  },
  {
    name: 'stat tells files from directories and absence from emptiness',
    run(disk, root) {
      disk.writeFile(join(root, 'a'), 'four');
      equal(disk.stat(join(root, 'a'))?.sizeBytes, 4);
      equal(disk.stat(join(root, 'a'))?.isDirectory, false);
      equal(disk.stat(root)?.isDirectory, true);
      equal(disk.stat(join(root, 'none')), undefined);
    },
  },
  {
    name: 'rename replaces its target',
    run(disk, root) {
      disk.writeFile(join(root, 'new'), 'new');
      disk.writeFile(join(root, 'old'), 'old');
      disk.rename(join(root, 'new'), join(root, 'old'));
      sameNames(disk.list(root), ['old']);
      equal(disk.readFile(join(root, 'old'))?.toString(), 'new');
      throws(() => disk.rename(join(root, 'new'), join(root, 'old')), { name: 'DiskError', code: 'ENOENT' });
    },
  },
  {
    name: 'remove takes files, whole directories and what is not there',
    run(disk, root) {
      disk.mkdir(join(root, 'dir', 'sub'));
      disk.writeFile(join(root, 'dir', 'sub', 'a'), 'a');
      disk.writeFile(join(root, 'dir2'), 'a sibling whose name begins alike');
      disk.remove(join(root, 'dir'));
      disk.remove(join(root, 'none'));
      sameNames(disk.list(root), ['dir2']);
    },
  },
  {
    name: 'an open file outlives its name',
    run(disk, root) {
      const path = join(root, 'a');
      const file = disk.open(path, { create: true });
      file.write(Buffer.from('kept'), 0);
      disk.remove(path);
      equal(readAll(file).toString(), 'kept');
      file.close();
      equal(disk.stat(path), undefined);
    },
  },
  {
    name: 'readFile tells an absent file from an empty one, writeFile replaces all of it',
    run(disk, root) {
      equal(disk.readFile(join(root, 'a')), undefined);
      disk.writeFile(join(root, 'a'), '');
      equal(disk.readFile(join(root, 'a'))?.length, 0);
      disk.writeFile(join(root, 'a'), 'longer text');
      disk.writeFile(join(root, 'a'), Buffer.from('short'));
      equal(disk.readFile(join(root, 'a'))?.toString(), 'short');
    },
  },
  {
    name: 'syncDirectory works on a directory and fails without one',
    run(disk, root) {
      disk.syncDirectory(root);
      throws(() => disk.syncDirectory(join(root, 'none')), { name: 'DiskError', code: 'ENOENT' });
    },
  },
  {
    name: 'syncDirectoryAsync does the same off the loop, any number at once',
    async run(disk, root) {
      disk.mkdir(join(root, 'a'));
      await Promise.all([root, join(root, 'a'), root].map((dir) => disk.syncDirectoryAsync(dir)));
      await rejects(disk.syncDirectoryAsync(join(root, 'none')), { name: 'DiskError', code: 'ENOENT' });
    },
  },
  {
    name: 'a file can be created off the event loop, with its directories; one that exists keeps what it holds',
    async run(disk, root) {
      const path = join(root, 'new', 'directories', 'file');
      await disk.createAsync(path, 100);
      withFile(disk, path, (file) => file.write(Buffer.from('x'), 0));
      await disk.createAsync(path, 200);
      equal(disk.stat(path)?.sizeBytes, 200);
      equal(disk.readFile(path)?.[0], 0x78);
    },
  },
  {
    name: 'a file keeps its identity, whatever is written to it, and a copy of it has another',
    run(disk, root) {
      const [path, copy] = [join(root, 'original'), join(root, 'copy')];
      withFile(disk, path, (file) => file.write(Buffer.from('one'), 0));
      const before = disk.stat(path)?.identity;
      withFile(disk, path, (file) => file.write(Buffer.from('two'), 0));
      disk.writeFile(copy, disk.readFile(path) ?? '');
      equal(disk.stat(path)?.identity, before);
      notEqual(disk.stat(copy)?.identity, before);
      disk.remove(path);
      disk.rename(copy, path);
      notEqual(disk.stat(path)?.identity, before);
    },
  },
  {
    name: 'the change stamp of a file is another one once it was written to',
    run(disk, root) {
      const path = join(root, 'stamped');
      withFile(disk, path, (file) => {
        file.write(Buffer.from('x'), 0);
        const before = disk.stat(path)?.changeStamp;
        equal(disk.stat(path)?.changeStamp, before);
        // The clock of a file system ticks every few milliseconds.
        for (let tries = 0; tries < 1_000_000 && disk.stat(path)?.changeStamp === before; tries++)
          file.write(Buffer.from('y'), 0);
        notEqual(disk.stat(path)?.changeStamp, before);
      });
    },
  },
  {
    name: 'usage gives a total and a usable part of it, for paths that do not exist yet too',
    run(disk, root) {
      const { totalBytes, usableBytes } = disk.usage(join(root, 'not', 'yet'));
      ok(totalBytes > 0 && usableBytes >= 0 && usableBytes <= totalBytes);
    },
  },
  {
    name: 'the store lock is held once and can be taken again after its release',
    run(disk, root) {
      const path = join(root, 'lock');
      const lock = disk.lock(path);
      throws(() => disk.lock(path), { name: 'DiskError', code: 'LOCKED' });
      equal(disk.readFile(path)?.toString('latin1'), 'lock');
      lock.release();
      lock.release();
      disk.lock(path).release();
    },
  },
];

function withFile(disk: Disk, path: string, use: (file: DiskFile) => void): void {
  const file = disk.open(path, { create: true });
  try {
    use(file);
  } finally {
    file.close();
  }
}

function readAll(file: DiskFile): Buffer {
  const bytes = Buffer.alloc(file.sizeBytes);
  equal(file.read(bytes, 0), bytes.length);
  return bytes;
}

// Compared as text: a test runner's sandbox has an Array of its own, which deepStrictEqual takes for another type.
function sameNames(actual: readonly string[], expected: readonly string[]): void {
  equal(actual.join('\n'), expected.join('\n'));
}

function sameBytes(actual: Buffer, expected: Buffer): void {
  equal(actual.toString('latin1'), expected.toString('latin1'));
}
