import { join } from 'node:path';
import type { Disk } from './disk.js';

/** Tells one boot of the machine from another: Linux names each; elsewhere nothing is known and this is empty. */
export function readBootId(disk: Disk): string {
  try {
    const id = disk.readFile(join('/proc', 'sys', 'kernel', 'random', 'boot_id'));
    return id?.toString('latin1').trim() ?? '';
  } catch {
    return '';
  }
}
