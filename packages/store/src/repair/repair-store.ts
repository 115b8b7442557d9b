/**
 * Makes a damaged store directory open again, giving up no more than what is damaged. Every byte that is taken out of
 * the store is kept below `<root>/damaged/`, with a report that says where it was.
 *
 *   log      a damaged range is replaced by one record of its length that is in no queue (a rolled-back transaction of
 *            topic MQ_DAMAGED, which Apache's broker steps over as well); all records around it stay where they are
 *   queue    files from the damaged one on are moved away and rebuilt from the log by the next start
 *   index    is moved away as a whole and rebuilt
 *
 * The queue offset of a record that was in a damaged range stays unused: consumers step over it.
 */
import { basename, dirname, join } from 'node:path';
import {
  BLANK_RECORD_BYTES,
  encodeRecord,
  MIN_RECORD_BYTES,
  SysFlag,
  writeBlankRecord,
} from '@mq/remoting/message';
import type { Disk } from '../disk/disk.js';
import { FileDisk } from '../disk/file-disk.js';
import type { MessageStoreSettings } from '../settings.js';
import { asStoreError } from '../store-error.js';
import { storePaths, type StorePaths } from '../store-paths.js';
import { checkStore, type CheckOptions, type StoreFinding, type StoreReport } from './check-store.js';

const FILLER_TOPIC = 'MQ_DAMAGED';
const NO_HOST = Buffer.alloc(8);
/** A damaged file shows its other damaged places only once the first is out of the way. */
const MAX_ROUNDS = 1000;

/** What was damaged, the state after the repair, and where the damaged bytes are. */
export interface RepairReport extends StoreReport {
  /** Where the damaged bytes were set aside; undefined when nothing was damaged. */
  readonly asideDir: string | undefined;
}

/**
 * Checks and repairs `settings.storePathRootDir` until nothing is found any more.
 * @returns all findings, and the state after the repair
 * @throws StoreError `LOCKED`, `IO`
 */
export async function repairStore(
  settings: MessageStoreSettings,
  { disk = new FileDisk() }: CheckOptions = {},
): Promise<RepairReport> {
  const repair = new Repair(settings, disk);
  const findings: StoreFinding[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const report = await checkStore(settings, { disk });
    if (report.findings.length === 0) {
      return { ...report, findings, asideDir: findings.length > 0 ? repair.asideDir : undefined };
    }
    findings.push(...report.findings);
    try {
      repair.setAside(report.findings);
    } catch (error) {
      throw asStoreError(error);
    }
  }
  throw asStoreError(new Error(`still damaged after ${MAX_ROUNDS} rounds of repair`));
}

class Repair {
  readonly asideDir: string;
  private readonly paths: StorePaths;

  constructor(
    private readonly settings: MessageStoreSettings,
    private readonly disk: Disk,
  ) {
    this.paths = storePaths(settings);
    this.asideDir = join(this.paths.root, 'damaged');
  }

  setAside(findings: readonly StoreFinding[]): void {
    this.disk.mkdir(this.asideDir);
    for (const finding of findings) {
      if (finding.kind === 'log') this.mendLog(finding);
      else if (finding.kind === 'queue') this.dropQueueFiles(finding);
      else this.moveAway(this.paths.index);
    }
    this.forgetMarks();
    this.report(findings);
  }

  /** Keeps a copy of the range, then fills it. */
  private mendLog({ path, position, sizeBytes }: StoreFinding): void {
    const fileBytes = this.settings.mappedFileSizeCommitLog;
    const file = this.disk.open(path, { create: true, sizeBytes: fileBytes });
    if (sizeBytes > 0) {
      const range = Buffer.alloc(sizeBytes);
      file.read(range, position);
      this.keep(`commitlog-${String(Number(basename(path)) + position).padStart(20, '0')}`, range);
      file.write(
        filler(sizeBytes, Number(basename(path)) + position, position + sizeBytes === fileBytes),
        position,
      );
    }
    file.syncNow();
    file.close();
  }

  private dropQueueFiles({ path }: StoreFinding): void {
    const dir = dirname(path);
    for (const name of this.disk.list(dir)) {
      if (name >= basename(path)) this.moveAway(join(dir, name));
    }
    this.disk.syncDirectory(dir);
  }

  /** Renames into the aside directory, under the path it had below the root. */
  private moveAway(path: string): void {
    if (this.disk.stat(path) === undefined) return;
    const name = path.slice(this.paths.root.length + 1).replaceAll('/', '~');
    let to = join(this.asideDir, name);
    for (let copy = 1; this.disk.stat(to) !== undefined; copy++) to = join(this.asideDir, `${name}.${copy}`);
    this.disk.rename(path, to);
    this.disk.syncDirectory(this.asideDir);
    this.disk.syncDirectory(dirname(path));
  }

  private keep(name: string, bytes: Buffer): void {
    const file = this.disk.open(join(this.asideDir, name), { create: true });
    file.truncate(0);
    file.write(bytes, 0);
    file.syncNow();
    file.close();
    this.disk.syncDirectory(this.asideDir);
  }

  /** Without a mark and a checkpoint, and as after a crash, the next start reads the whole log again. */
  private forgetMarks(): void {
    const { recoveryHint, checkpoint, abort, root } = this.paths;
    for (const path of [recoveryHint, `${recoveryHint}.bak`, checkpoint]) this.disk.remove(path);
    if (this.disk.stat(dirname(recoveryHint)) !== undefined) this.disk.syncDirectory(dirname(recoveryHint));
    this.disk.writeFile(abort, 'repaired');
    this.disk.syncDirectory(root);
  }

  private report(findings: readonly StoreFinding[]): void {
    const path = join(this.asideDir, 'report.jsonl');
    const before = this.disk.readFile(path)?.toString('utf8') ?? '';
    this.keep(
      'report.jsonl',
      Buffer.from(before + findings.map((one) => `${JSON.stringify(one)}\n`).join('')),
    );
  }
}

/** What takes the place of a damaged range: a record in no queue, or at the end of a file the blank that closes it. */
function filler(sizeBytes: number, physicalOffset: number, endsFile: boolean): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  if (endsFile) {
    if (sizeBytes >= BLANK_RECORD_BYTES) writeBlankRecord(bytes, 0, sizeBytes);
    return bytes;
  }
  const topicBytes = Math.min(FILLER_TOPIC.length, sizeBytes - MIN_RECORD_BYTES);
  if (topicBytes < 0)
    throw new Error(
      `a damaged range of ${sizeBytes} bytes at log offset ${physicalOffset} is too short to fill`,
    );
  return encodeRecord({
    topic: Buffer.from(FILLER_TOPIC.slice(0, topicBytes)),
    queueId: 0,
    flag: 0,
    queueOffset: 0,
    physicalOffset,
    sysFlag: SysFlag.TRANSACTION_ROLLBACK,
    bornTimestamp: 0,
    bornHost: NO_HOST,
    storeTimestamp: 0,
    storeHost: NO_HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.alloc(sizeBytes - MIN_RECORD_BYTES - topicBytes),
    properties: Buffer.alloc(0),
  });
}
