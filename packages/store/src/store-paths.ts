// Where what lies in a store directory (upstream: StorePathConfigHelper).
import { join } from 'node:path';
import type { MessageStoreSettings } from './settings.js';

export interface StorePaths {
  readonly root: string;
  readonly lock: string;
  /** Exists while a broker runs, and after one that was killed. */
  readonly abort: string;
  readonly checkpoint: string;
  readonly consumeQueue: string;
  readonly consumeQueueExt: string;
  readonly batchConsumeQueue: string;
  readonly index: string;
  readonly recoveryHint: string;
  /** What the next process of the same boot goes on with. */
  readonly bootJournal: string;
  /** Exists after a sync or write of the log failed. */
  readonly fenceMark: string;
  /** Bytes that recovery cut although they looked valid. */
  readonly aside: string;
  /** Log directories that get new files; at least one. */
  readonly commitLogWrite: readonly string[];
  readonly commitLogReadOnly: readonly string[];
}

export function storePaths(settings: MessageStoreSettings): StorePaths {
  const root = settings.storePathRootDir;
  const listed = splitPaths(settings.storePathCommitLog);
  const readOnly = splitPaths(settings.readOnlyCommitLogStorePaths);
  const all = listed.length > 0 ? listed : [join(root, 'commitlog')];
  const writable = all.filter((path) => !readOnly.includes(path));
  return {
    root,
    lock: join(root, 'lock'),
    abort: join(root, 'abort'),
    checkpoint: join(root, 'checkpoint'),
    consumeQueue: join(root, 'consumequeue'),
    consumeQueueExt: join(root, 'consumequeue_ext'),
    batchConsumeQueue: join(root, 'batchconsumequeue'),
    index: join(root, 'index'),
    recoveryHint: join(root, 'config', 'mq-recovery.json'),
    bootJournal: join(root, 'mq-boot.journal'),
    fenceMark: join(root, 'config', 'mq-fenced'),
    aside: join(root, 'mq-aside'),
    commitLogWrite: writable.length > 0 ? writable : all,
    commitLogReadOnly: readOnly,
  };
}

function splitPaths(text: string): string[] {
  return text
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}
