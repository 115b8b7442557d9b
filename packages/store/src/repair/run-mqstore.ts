/**
 * The command `mqstore`, for a directory that no broker is using:
 *
 *   mqstore check <store dir> [-c broker.conf]                  says what is damaged, changes nothing
 *   mqstore repair <store dir> --set-aside [-c broker.conf]     moves it to <store dir>/damaged, so that the store opens
 *
 * Exit codes: 0 sound (or repaired), 1 damaged, 2 usage, 3 the directory cannot be read or is in use.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parsePropertiesFile } from '@mq/remoting/settings';
import type { Disk } from '../disk/disk.js';
import { FileDisk } from '../disk/file-disk.js';
import { messageStoreSettings, type MessageStoreSettings } from '../settings.js';
import { storePaths } from '../store-paths.js';
import { checkStore, type StoreFinding } from './check-store.js';
import { repairStore } from './repair-store.js';

const USAGE = `usage: mqstore check <store dir> [-c broker.conf]
       mqstore repair <store dir> --set-aside [-c broker.conf]`;

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  'set-aside': { type: 'boolean', default: false },
} as const;

export interface MqstoreDeps {
  disk?: Disk;
  /** Takes one line. */
  print?: (line: string) => void;
}

/** Runs the command and resolves with its exit code. */
export async function runMqstore(
  args: readonly string[],
  { disk = new FileDisk(), print = console.log }: MqstoreDeps = {},
): Promise<number> {
  const parsed = parse(args);
  if (parsed === undefined) {
    print(USAGE);
    return 2;
  }
  try {
    const settings = settingsOf(disk, parsed.root, parsed.config);
    return await (parsed.command === 'check' ? check(settings, disk, print) : repair(settings, disk, print));
  } catch (error) {
    print(`mqstore: ${(error as Error).message}`);
    return 3;
  }
}

interface Command {
  readonly command: 'check' | 'repair';
  readonly root: string;
  readonly config: string | undefined;
}

function parse(args: readonly string[]): Command | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [command, root] = positionals;
    if (root === undefined || positionals.length !== 2) return undefined;
    if (command === 'check') return { command, root, config: values.config };
    return command === 'repair' && values['set-aside'] ? { command, root, config: values.config } : undefined;
  } catch {
    return undefined;
  }
}

async function check(
  settings: MessageStoreSettings,
  disk: Disk,
  print: (line: string) => void,
): Promise<number> {
  const { findings, records, minOffset, maxOffset } = await checkStore(settings, { disk });
  for (const finding of findings) print(sentence(finding));
  print(
    `${records} whole records in log offsets ${minOffset} to ${maxOffset}, ${findings.length} damaged places`,
  );
  return findings.length === 0 ? 0 : 1;
}

async function repair(
  settings: MessageStoreSettings,
  disk: Disk,
  print: (line: string) => void,
): Promise<number> {
  const { findings, records, asideDir } = await repairStore(settings, { disk });
  for (const finding of findings) print(sentence(finding));
  if (asideDir === undefined) print(`${records} whole records, nothing is damaged`);
  else print(`set aside in ${asideDir}; the next start reads the whole log and rebuilds queues and index`);
  return 0;
}

function sentence({ path, position, sizeBytes, problem }: StoreFinding): string {
  const where = sizeBytes === 0 ? path : `${path} bytes ${position} to ${position + sizeBytes}`;
  return `${where}: ${problem}`;
}

/** The broker's settings; sizes that the file does not give are those of the files that are there. */
function settingsOf(disk: Disk, root: string, config: string | undefined): MessageStoreSettings {
  if (disk.stat(root)?.isDirectory !== true) throw new Error(`${root} is no directory`);
  const given = config === undefined ? new Map<string, string>() : propertiesOf(disk, config);
  given.set('storePathRootDir', root);
  const { values, problems } = messageStoreSettings.parse(given);
  if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
  const found: { mappedFileSizeCommitLog?: number; mappedFileSizeConsumeQueue?: number } = {};
  const paths = storePaths(values);
  const logBytes = commonSize(disk, paths.commitLogWrite);
  if (!given.has('mappedFileSizeCommitLog') && logBytes > 0) found.mappedFileSizeCommitLog = logBytes;
  const queueDirs = disk
    .list(paths.consumeQueue)
    .flatMap((topic) =>
      disk.list(join(paths.consumeQueue, topic)).map((id) => join(paths.consumeQueue, topic, id)),
    );
  const queueBytes = commonSize(disk, queueDirs);
  if (!given.has('mappedFileSizeConsumeQueue') && queueBytes > 0)
    found.mappedFileSizeConsumeQueue = queueBytes;
  return { ...values, ...found };
}

function propertiesOf(disk: Disk, path: string): Map<string, string> {
  const bytes = disk.readFile(path);
  if (bytes === undefined) throw new Error(`${path} does not exist`);
  return parsePropertiesFile(bytes);
}

/** The size that most files have; 0 without files. */
function commonSize(disk: Disk, dirs: readonly string[]): number {
  const counts = new Map<number, number>();
  for (const dir of dirs) {
    for (const name of disk.list(dir)) {
      const sizeBytes = /^\d{20}$/.test(name) ? (disk.stat(join(dir, name))?.sizeBytes ?? 0) : 0;
      if (sizeBytes > 0) counts.set(sizeBytes, (counts.get(sizeBytes) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}
