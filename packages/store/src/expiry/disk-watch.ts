// How full the disks of a store are, and what follows from it (upstream `CleanCommitLogService.isSpaceToDelete`).
import type { Disk } from '../disk/disk.js';
import type { MessageStoreSettings } from '../settings.js';

/** From harmless to refusing writes; each includes what the ones before it ask for. */
export type DiskPressure = 'NONE' | 'CLEAN' | 'CLEAN_FORCIBLY' | 'FULL';

export interface DiskState {
  readonly pressure: DiskPressure;
  /** Fraction used, by path. */
  readonly ratios: ReadonlyMap<string, number>;
  /** Paths above the warning level: the log creates no new files there. */
  readonly fullPaths: ReadonlySet<string>;
}

/** Fraction of a path's disk that is used, as `df` counts; -1 when it cannot be told. */
export function usedRatio(disk: Disk, path: string): number {
  try {
    const { totalBytes, usableBytes } = disk.usage(path);
    return totalBytes > 0 ? 1 - usableBytes / totalBytes : -1;
  } catch {
    return -1;
  }
}

/** Any path over a limit starts cleaning; writes are refused only when all are full. */
export function diskState(disk: Disk, paths: readonly string[], settings: MessageStoreSettings): DiskState {
  const ratios = new Map(paths.map((path) => [path, usedRatio(disk, path)]));
  const over = (percent: number): string[] => paths.filter((path) => (ratios.get(path) ?? 0) > percent / 100);
  const fullPaths = new Set(over(settings.diskSpaceWarningLevelRatio));
  let pressure: DiskPressure = 'NONE';
  if (over(settings.diskMaxUsedSpaceRatio).length > 0) pressure = 'CLEAN';
  if (over(settings.diskSpaceCleanForciblyRatio).length > 0) pressure = 'CLEAN_FORCIBLY';
  if (paths.length > 0 && fullPaths.size === paths.length) pressure = 'FULL';
  return { pressure, ratios, fullPaths };
}

/** Whether the local hour of `nowMs` is one of `deleteWhen` ("04" or "04;16"). */
export function isDeleteHour(deleteWhen: string, nowMs: number): boolean {
  const hour = new Date(nowMs).getHours();
  return deleteWhen
    .split(';')
    .filter((part) => part.trim() !== '')
    .some((part) => Number(part) === hour);
}
