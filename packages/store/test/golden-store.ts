/** Unpacks a golden store archive (written by Apache's broker) into a directory of its own. For tests of this package. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Part of `expected*.json` that the store's parts are compared to. */
export interface ExpectedStore {
  readonly abortFilePresent: boolean;
  readonly checkpointBefore: Readonly<Record<string, number>>;
  readonly commitLog: { readonly minOffset: number; readonly maxOffset: number };
  readonly messageFields?: readonly string[];
  readonly queues: Readonly<Record<string, Readonly<Record<string, ExpectedQueue>>>>;
  readonly index: {
    readonly files: readonly ExpectedIndexFile[];
    readonly queries: readonly ExpectedIndexQuery[];
  };
}

export interface ExpectedQueue {
  readonly type: 'SimpleCQ' | 'BatchCQ';
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly maxPhysicOffset: number;
  readonly messages: readonly (ExpectedEntry | readonly (number | string)[])[];
}

export interface ExpectedEntry {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly size: number;
  readonly tagsCode: number | string;
  readonly batchNum?: number;
  readonly ext?: { size: number; tagsCode: number; msgStoreTime: number; filterBitMap: string | null };
}

export interface ExpectedIndexFile {
  readonly file: string;
  readonly beginTimestamp: number;
  readonly endTimestamp: number;
  readonly beginPhyOffset: number;
  readonly endPhyOffset: number;
  readonly hashSlotCount: number;
  readonly indexCount: number;
}

export interface ExpectedIndexQuery {
  readonly topic: string;
  readonly key: string;
  readonly maxNum: number;
  readonly begin: number | string;
  readonly end: number | string;
  readonly phyOffsets: readonly number[];
  readonly indexLastUpdateTimestamp: number;
  readonly indexLastUpdatePhyoffset: number;
}

export interface GoldenStore {
  /** The unpacked store directory. */
  readonly root: string;
  readonly expected: ExpectedStore;
  /** The broker's settings. */
  readonly settings: ReadonlyMap<string, string>;
  cleanup(): void;
}

/**
 * @param dir `goldenPath('store-5.3.3')` or the like
 * @param kind `''` for store.tar.gz, `'ext'`, `'kill9'`, `'crash-nocq'`, ...
 */
export function openGoldenStore(dir: string, kind: string): GoldenStore {
  const suffix = kind === '' ? '' : `-${kind}`;
  const unpacked = mkdtempSync(join(tmpdir(), 'mq-golden-'));
  cpSync(unpackOnce(join(dir, `store${suffix}.tar.gz`)), unpacked, { recursive: true });
  const configKind = kind === 'ext' || kind === 'dledger' ? suffix : '';
  let expected: ExpectedStore | undefined;
  const config = readFileSync(join(dir, `config${configKind}.properties`), 'utf8');
  return {
    root: join(unpacked, 'store'),
    get expected() {
      return (expected ??= JSON.parse(
        readFileSync(join(dir, `expected${suffix}.json`), 'utf8'),
      ) as ExpectedStore);
    },
    settings: new Map(config.split('\n').flatMap((line) => (line.includes('=') ? [splitOnce(line)] : []))),
    cleanup: () => rmSync(unpacked, { recursive: true, force: true }),
  };
}

/**
 * The directory an archive is unpacked in, without the 38 MB timer wheel, which no test reads. It stays for the next run:
 * decompressing costs far more than a copy.
 */
function unpackOnce(archive: string): string {
  const { mtimeMs, size } = statSync(archive);
  const cache = join(tmpdir(), `mq-golden-cache-${process.getuid?.() ?? ''}`);
  const release = basename(join(archive, '..'));
  const unpacked = join(cache, `${release}-${basename(archive, '.tar.gz')}-${size}-${Math.trunc(mtimeMs)}`);
  if (existsSync(unpacked)) return unpacked;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(join(cache, 'unpacking-'));
  execFileSync('tar', ['xzf', archive, '-C', temporary, '--exclude=store/timerwheel']);
  try {
    renameSync(temporary, unpacked);
  } catch (error) {
    // Another worker was quicker.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(unpacked)) throw error;
  }
  return unpacked;
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
