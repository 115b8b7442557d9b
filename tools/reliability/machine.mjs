// What the campaigns below the file system need of the machine: root, mounts, strace. Whatever is missing is a reason.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = {
  strace: 'strace',
  'mkfs.xfs': 'xfsprogs',
  xfs_io: 'xfsprogs',
  'mkfs.ext4': 'e2fsprogs',
  losetup: 'mount',
};
const LABEL = 'mq-campaign-';

export function sh(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Why these programs cannot be run as root here; undefined when they can. Installs what is missing where it may. */
export function whyNot(programs) {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid() !== 0) return 'needs root';
  for (const program of programs) {
    if (hasProgram(program)) continue;
    spawnSync('apt-get', ['install', '-y', PACKAGES[program]], { stdio: 'ignore', timeout: 120_000 });
    if (!hasProgram(program)) return `${program} is not installed`;
  }
  return undefined;
}

function hasProgram(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

/** Why an image of this kind cannot be mounted here; undefined when it can. */
export function whyNoMounts(kind) {
  const reason = whyNot([`mkfs.${kind}`, 'losetup', ...(kind === 'xfs' ? ['xfs_io'] : [])]);
  if (reason !== undefined) return reason;
  const mounts = new Mounts();
  try {
    mounts.image(kind, kind === 'xfs' ? 320 : 32);
    return undefined;
  } catch (error) {
    return `an image cannot be mounted here: ${String(error.stderr ?? error.message).trim()}`;
  } finally {
    mounts.dispose();
  }
}

/** Mounts of one campaign, undone in reverse. */
export class Mounts {
  folder = mkdtempSync(join(tmpdir(), LABEL));
  #mounted = [];

  /** A memory file system of this many bytes. */
  memory(name, bytes) {
    const at = this.#directory(name);
    sh('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, LABEL, at);
    this.#mounted.push(at);
    return at;
  }

  /** A file system in a sparse file. @returns image, device and mount point */
  image(kind, megabytes, { dir = this.folder, options = [] } = {}) {
    const image = join(dir, 'image');
    writeFileSync(image, '');
    truncateSync(image, megabytes * 1024 * 1024);
    sh(`mkfs.${kind}`, '-q', ...options, image);
    const at = this.#directory('store-disk');
    this.mount(image, at);
    return { image, at };
  }

  mount(image, at, options = []) {
    sh('mount', '-o', ['loop', ...options].join(','), image, at);
    this.#mounted.push(at);
  }

  unmount(at) {
    // A process that was killed a moment ago may still hold it.
    for (let attempt = 0; ; attempt++) {
      const { status, stderr } = spawnSync('umount', [at], { encoding: 'utf8' });
      if (status === 0) break;
      if (attempt === 50) throw new Error(`umount ${at}: ${stderr}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
    this.#mounted.splice(this.#mounted.lastIndexOf(at), 1);
  }

  dispose() {
    for (const at of [...this.#mounted].reverse()) {
      try {
        this.unmount(at);
      } catch (error) {
        console.error(String(error));
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #directory(name) {
    const at = join(this.folder, name);
    mkdirSync(at, { recursive: true });
    return at;
  }
}
