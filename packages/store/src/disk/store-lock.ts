/**
 * One broker process a store directory.
 *
 * Apache's broker writes the four bytes `lock` into `<root>/lock` and holds an fcntl lock on its first byte. Node has
 * no fcntl, so ours is a second file beside it, `<root>/lock.owner`, that exists exactly while a process holds the
 * directory and says which one:
 *
 *   - it appears complete or not at all (a private file is written first, then hard-linked to the name);
 *   - it is stale, and taken over, when the machine was booted since, when no process has its pid, or when the process
 *     that has it started at another time (pids are reused, above all pid 1 in containers);
 *   - a killed broker therefore never blocks the next start, and a second one is refused while the first lives.
 *
 * Limits: on systems without /proc only the pid is compared; processes in different pid namespaces (containers that
 * share a volume) cannot see each other. An Apache broker does not see our lock. We see its lock where /proc/locks
 * lists it, and refuse.
 */
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { DiskError } from './disk.js';
import type { DiskLock } from './disk.js';

interface Owner {
  pid: number;
  /** Clock ticks from boot to the start of the process; empty where the system does not tell. */
  startedAt: string;
  bootId: string;
}

/** Takes the lock whose Apache-visible file is `path`. @throws DiskError `LOCKED` */
export function lockStoreDirectory(path: string): DiskLock {
  writeLockFile(path);
  const foreign = fcntlHolder(path);
  if (foreign !== undefined)
    throw locked(path, `process ${foreign} holds an fcntl lock on it (an Apache broker?)`);

  const ownerPath = `${path}.owner`;
  const mine = JSON.stringify({
    pid: process.pid,
    startedAt: startOf(process.pid),
    bootId: bootId(),
  } satisfies Owner);
  // Twice: the second round follows the removal of a stale owner.
  for (let round = 0; round < 2; round++) {
    if (claim(ownerPath, mine)) return new HeldLock(ownerPath, mine);
    const found = readText(ownerPath);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner !== undefined && isAlive(owner)) {
      throw locked(path, `process ${owner.pid} is using this store directory`);
    }
    setAside(ownerPath, found);
  }
  throw locked(path, 'another process took it at the same moment');
}

class HeldLock implements DiskLock {
  private held = true;

  constructor(
    private readonly ownerPath: string,
    private readonly mine: string,
  ) {}

  release(): void {
    if (!this.held) return;
    this.held = false;
    if (readText(this.ownerPath) === this.mine) unlinkSync(this.ownerPath);
  }
}

function writeLockFile(path: string): void {
  const fd = openSync(path, 'a+');
  try {
    if (statSync(path).size === 0) writeSync(fd, 'lock');
  } finally {
    closeSync(fd);
  }
}

/** Creates `ownerPath` with its whole content, or returns false because it exists. */
function claim(ownerPath: string, content: string): boolean {
  const mine = privateName(ownerPath);
  writeFileSync(mine, content, { flag: 'wx' });
  try {
    linkSync(mine, ownerPath);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(mine);
  }
}

/** Removes a stale owner file, but gives a fresh one back that another process put there meanwhile. */
function setAside(ownerPath: string, stale: string): void {
  const aside = privateName(ownerPath);
  try {
    renameSync(ownerPath, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    if (readText(aside) !== stale) linkSync(aside, ownerPath);
  } finally {
    unlinkSync(aside);
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.bootId !== bootId()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, it is only not ours to signal.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(owner.pid) === owner.startedAt;
}

/** The process that holds an fcntl lock on the file, as /proc/locks tells; undefined where nobody or not told. */
function fcntlHolder(path: string): string | undefined {
  const { dev, ino } = statSync(path, { bigint: true });
  const hex = (value: bigint): string => value.toString(16).padStart(2, '0');
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const device = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of (readText('/proc/locks') ?? '').split('\n')) {
    // "1: POSIX  ADVISORY  WRITE 4711 08:01:1234 0 0"
    const [, kind, , , pid, file] = line.trim().split(/\s+/);
    if (kind === 'POSIX' && file === device) return pid;
  }
  return undefined;
}

/** Field 22 of /proc/<pid>/stat; the fields are counted behind the command name, which may hold spaces. */
function startOf(pid: number): string {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return '';
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function bootId(): string {
  return (readText('/proc/sys/kernel/random/boot_id') ?? '').trim();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner;
    return Number.isInteger(owner.pid) && owner.pid > 0 ? owner : undefined;
  } catch {
    return undefined;
  }
}

function privateName(ownerPath: string): string {
  return `${ownerPath}.${process.pid}.${randomBytes(6).toString('hex')}`;
}

function locked(path: string, detail: string): DiskError {
  return new DiskError({ code: 'LOCKED', operation: 'lock', path, detail });
}
