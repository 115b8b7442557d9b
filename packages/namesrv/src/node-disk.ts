import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { ConfigDisk } from '@mq/remoting/settings';

/** What a NameServer's `ConfigFile`s need of a disk, by node:fs; throws what that throws. */
export const nodeDisk: ConfigDisk = {
  readFile(path) {
    try {
      return readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  mkdir: (dir) => void mkdirSync(dir, { recursive: true }),
  open(path, { create, ownerOnly }) {
    const flags = constants.O_RDWR | (create ? constants.O_CREAT : 0);
    const file = openSync(path, flags, ownerOnly ? 0o600 : 0o644);
    return {
      truncate: (sizeBytes) => ftruncateSync(file, sizeBytes),
      write(source, position) {
        for (let at = 0; at < source.length;)
          at += writeSync(file, source, at, source.length - at, position + at);
      },
      syncNow: () => fsyncSync(file),
      close: () => closeSync(file),
    };
  },
  rename: renameSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  syncDirectory(dir) {
    const folder = openSync(dir, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};
