// The store's rows of getBrokerRuntimeInfo (upstream: DefaultMessageStore#getRuntimeInfo): what operators and `mqadmin` read.
import { usedRatio } from './expiry/disk-watch.js';
import type { Disk } from './disk/disk.js';
import type { StoreStats } from './store-stats.js';

export interface RuntimeFacts {
  readonly disk: Disk;
  readonly stats: StoreStats;
  readonly commitLogPaths: readonly string[];
  readonly consumeQueuePath: string;
  readonly minPhyOffset: number;
  readonly maxPhyOffset: number;
  readonly flushedWhere: number;
  readonly dispatchBehindBytes: number;
  /** How long the last file write blocked, ms. */
  readonly lastWriteMs: number;
  readonly earliestStoreTimestamp: number;
}

export function runtimeInfo(facts: RuntimeFacts): Record<string, string> {
  const { disk, commitLogPaths } = facts;
  const ratios = commitLogPaths.map((path) => usedRatio(disk, path));
  const info: Record<string, string> = {
    ...facts.stats.runtimeInfo(),
    commitLogDiskRatio: String(Math.min(...ratios)),
    consumeQueueDiskRatio: String(usedRatio(disk, facts.consumeQueuePath)),
    commitLogMinOffset: String(facts.minPhyOffset),
    commitLogMaxOffset: String(facts.maxPhyOffset),
    dispatchBehindBytes: String(facts.dispatchBehindBytes),
    pageCacheLockTimeMills: String(Math.round(facts.lastWriteMs)),
    earliestMessageTimeStamp: String(facts.earliestStoreTimestamp),
    remainTransientStoreBufferNumbs: String(2 ** 31 - 1),
    remainHowManyDataToCommit: humanBytes(0),
    remainHowManyDataToFlush: humanBytes(facts.maxPhyOffset - facts.flushedWhere),
    commitLogDirCapacity: capacity(disk, commitLogPaths[0]),
  };
  if (commitLogPaths.length > 1) {
    commitLogPaths.forEach((path, i) => (info[`commitLogDiskRatio_${path}`] = String(ratios[i])));
  }
  return info;
}

function capacity(disk: Disk, path: string | undefined): string {
  try {
    const { totalBytes, usableBytes } = disk.usage(path ?? '.');
    return `Total : ${humanBytes(totalBytes)}, Free : ${humanBytes(usableBytes)}.`;
  } catch {
    return 'Total : unknown, Free : unknown.';
  }
}

/** `512 B`, `1.5 KiB`, `2.0 GiB` (upstream `MixAll.humanReadableByteCount`). */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.min(6, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${(bytes / 1024 ** exponent).toFixed(1)} ${'KMGTPE'[exponent - 1]}iB`;
}
