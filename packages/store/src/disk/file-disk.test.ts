import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskComplianceSuite } from '../testing/index.js';
import type { DiskUnderTest } from '../testing/index.js';
import { FileDisk } from './file-disk.js';

function temporaryDisk(): DiskUnderTest {
  const root = mkdtempSync(join(tmpdir(), 'mq-disk-'));
  return { disk: new FileDisk(), root, cleanup: () => rmSync(root, { recursive: true, force: true }) };
}

diskComplianceSuite('FileDisk', temporaryDisk);

describe('FileDisk', () => {
  const { disk, root, cleanup } = temporaryDisk();
  afterAll(() => cleanup?.());

  test('a file of the index size takes no space until it is written', () => {
    const path = join(root, 'sparse');
    disk.open(path, { create: true, sizeBytes: 420_000_040 }).close();
    expect(disk.stat(path)?.sizeBytes).toBe(420_000_040);
  });

  test('a file that cannot be created off the event loop is a typed error', async () => {
    disk.writeFile(join(root, 'plain'), '');
    await expect(disk.createAsync(join(root, 'plain', 'file'), 1)).rejects.toMatchObject({
      name: 'DiskError',
      code: 'ENOTDIR',
      operation: 'open',
    });
  });

  test('a write the device refuses names the first byte that was not accepted', () => {
    const full = disk.open('/dev/full');
    expect(() => full.write(Buffer.from('x'), 0)).toThrow(
      expect.objectContaining({ code: 'ENOSPC', path: '/dev/full', position: 0, operation: 'write' }),
    );
    full.close();
  });

  test('a file closed while the thread pool uses it is closed afterwards', async () => {
    const path = join(root, 'busy');
    disk.writeFile(path, 'content');
    const file = disk.open(path);
    const target = Buffer.alloc(7);
    const reading = Promise.all([file.readAsync(target, 0), file.sync()]);
    file.close();
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' });
    expect((await reading)[0]).toBe(7);
    expect(target.toString()).toBe('content');
  });

  test('the refusal of a held lock says who holds it', () => {
    const lock = disk.lock(join(root, 'lock'));
    expect(() => disk.lock(join(root, 'lock'))).toThrow(
      `process ${process.pid} is using this store directory`,
    );
    lock.release();
  });

  test('the lock of a process that was killed does not block, that of a living one does', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); process.stdout.write("up")']);
    await once(holder.stdout, 'data');
    const path = join(root, 'lock');
    disk.lock(path).release();
    const held = disk.lock(path);
    const owner = JSON.parse(readFileSync(`${path}.owner`, 'utf8')) as { pid: number; startedAt: string };
    held.release();
    writeFileSync(
      `${path}.owner`,
      JSON.stringify({ ...owner, pid: holder.pid, startedAt: startOf(holder.pid!) }),
    );
    expect(() => disk.lock(path)).toThrow(`process ${holder.pid} is using`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    disk.lock(path).release();
  });

  test('an owner whose pid was given to another process since is stale', () => {
    const path = join(root, 'lock');
    const held = disk.lock(path);
    const owner = readFileSync(`${path}.owner`, 'utf8');
    held.release();
    writeFileSync(`${path}.owner`, owner.replace(/"startedAt":"\d+"/, '"startedAt":"1"'));
    disk.lock(path).release();
    writeFileSync(`${path}.owner`, '');
    disk.lock(path).release();
  });
});

function startOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]!;
}
