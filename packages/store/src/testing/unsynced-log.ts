/**
 * What a simulated disk was told and has not been asked to keep: the operations since the last sync of each file and
 * directory, in order. A crash state is a choice of which of them survive.
 */
import { dirname } from 'node:path/posix';
import type { SparseBytes } from './sparse-bytes.js';

/** A file, whatever names it has. `cached` is what reads see, `durable` what a crash leaves for certain. */
export interface SimulatedInode {
  readonly id: number;
  cached: SparseBytes;
  durable: SparseBytes;
  mtimeMs: number;
  /** How often it was changed. */
  changes: number;
}

/** Path to file, or to undefined for a directory. */
export type Names = Map<string, SimulatedInode | undefined>;

export type UnsyncedOperation =
  | {
      readonly kind: 'write';
      readonly inode: SimulatedInode;
      readonly position: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'truncate'; readonly inode: SimulatedInode; readonly sizeBytes: number }
  | { readonly kind: 'link'; readonly path: string; readonly inode: SimulatedInode }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };

/** The unit that a device writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** Whether an operation (for a write: one of its sectors) reached the device before the crash. */
export type Survives = (operation: UnsyncedOperation, index: number, sector: number) => boolean;

export function isOfFile(operation: UnsyncedOperation, inode: SimulatedInode): boolean {
  return (operation.kind === 'write' || operation.kind === 'truncate') && operation.inode === inode;
}

/** The directory whose sync makes the operation durable; undefined for content. */
export function directoryOf(operation: UnsyncedOperation): string | undefined {
  if (operation.kind === 'link' || operation.kind === 'unlink') return dirname(operation.path);
  return operation.kind === 'rename' ? dirname(operation.to) : undefined;
}

/** Applies a content operation, or those sectors of it that `keepSector` chooses. */
export function applyContent(
  operation: UnsyncedOperation,
  content: SparseBytes,
  keepSector: (sector: number) => boolean = () => true,
): void {
  if (operation.kind === 'truncate' && keepSector(0)) content.truncate(operation.sizeBytes);
  if (operation.kind !== 'write') return;
  const end = operation.position + operation.bytes.length;
  let at = operation.position;
  for (let sector = 0; at < end; sector++) {
    const next = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    const part = operation.bytes.subarray(at - operation.position, next - operation.position);
    if (keepSector(sector)) content.write(part, at);
    at = next;
  }
}

/** Applies a change of names. */
export function applyNames(operation: UnsyncedOperation, names: Names): void {
  if (operation.kind === 'link') names.set(operation.path, operation.inode);
  else if (operation.kind === 'unlink') unlinkTree(names, operation.path);
  else if (operation.kind === 'rename') renameTree(names, operation.from, operation.to);
}

export function unlinkTree(names: Names, path: string): void {
  const isFile = names.get(path) !== undefined;
  names.delete(path);
  if (isFile) return;
  for (const name of names.keys()) if (name.startsWith(`${path}/`)) names.delete(name);
}

export function renameTree(names: Names, from: string, to: string): void {
  if (!names.has(from)) return;
  unlinkTree(names, to);
  const file = names.get(from);
  if (file !== undefined) {
    names.delete(from);
    names.set(to, file);
    return;
  }
  for (const [name, inode] of [...names]) {
    if (name !== from && !name.startsWith(`${from}/`)) continue;
    names.delete(name);
    names.set(to + name.slice(from.length), inode);
  }
}
