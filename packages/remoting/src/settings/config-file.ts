/**
 * A small state file (topics, groups, consumer offsets, ...) that survives a crash at any moment.
 *
 *   persist:  text -> <path>.tmp, sync | <path> -> <path>.bak | <path>.tmp -> <path> | sync directory
 *   load:     <path>, else <path>.bak
 *
 * Upstream (ConfigManager, MixAll.string2File) writes without a sync and, in 5.x, in place; its files and their `.bak`
 * are read by the same rule. Different on purpose: when something is there but nothing of it can be read, loading
 * fails. A broker that starts with an empty offset table because two files were torn would re-deliver everything.
 */
import { dirname } from 'node:path';
import { silentLogger } from '../logger.js';
import type { Logger } from '../logger.js';

/** What it needs of a disk. That of the store has it. */
export interface ConfigDisk {
  /** A whole file; undefined when there is none. */
  readFile(path: string): Buffer | undefined;
  /** With the directories above it. */
  mkdir(dir: string): void;
  /** To read and write, made if `create` says so; `ownerOnly`: a file it makes is its owner's alone. */
  open(path: string, options: { create: boolean; ownerOnly: boolean }): ConfigDiskFile;
  /** Replaces `to`; durable after `syncDirectory`. */
  rename(from: string, to: string): void;
  /** One that is not there is no error. */
  remove(path: string): void;
  /** Makes creations, renames and removals inside `dir` durable. */
  syncDirectory(dir: string): void;
}

/** An open file of a `ConfigDisk`. */
export interface ConfigDiskFile {
  /** Cuts the file to that many bytes, or extends it with zeros. */
  truncate(sizeBytes: number): void;
  /** All of `source`, from byte `position` of the file on. */
  write(source: Buffer, position: number): void;
  /** Blocks until what was written is durable. */
  syncNow(): void;
  /** Does not sync. */
  close(): void;
}

/** The file and its backup exist (at least one of them) and none passes the check. */
export class ConfigFileError extends Error {
  /** The one code there is. */
  readonly code = 'CONFIG_UNREADABLE';

  constructor(
    /** The file; its backup is beside it. */
    readonly path: string,
    reasons: readonly string[],
  ) {
    super(
      `no readable copy of ${path}: ${reasons.join('; ')}. Restore one of the two, or remove both to start empty.`,
    );
    this.name = 'ConfigFileError';
  }
}

/** How a `ConfigFile` tells whole text from torn, where it reports, and who may read what it writes. */
export interface ConfigFileOptions {
  /** Told when the backup had to be used. Default: none is written. */
  logger?: Logger;
  /** Throws when the text is not whole (typically a parse). Default: any non-blank text is taken. */
  check?: (text: string) => void;
  /** The file holds secrets: what is written can be read by its owner alone. Default false. */
  ownerOnly?: boolean;
}

/** A small state file with its backup; upstream's `ConfigManager`, as far as it loads and persists. */
export class ConfigFile {
  private readonly logger: Logger;
  private readonly check: (text: string) => void;
  private readonly ownerOnly: boolean;

  constructor(
    private readonly disk: ConfigDisk,
    /** The file. */
    readonly path: string,
    { logger = silentLogger, check = () => undefined, ownerOnly = false }: ConfigFileOptions = {},
  ) {
    this.logger = logger;
    this.check = check;
    this.ownerOnly = ownerOnly;
  }

  /** Where the former content is: `<path>.bak`. */
  get backupPath(): string {
    return `${this.path}.bak`;
  }

  /**
   * The newest readable copy; undefined when neither file exists: a fresh start.
   * @param check as `ConfigFileOptions.check`, for this call
   * @throws ConfigFileError `CONFIG_UNREADABLE`
   */
  load(check: (text: string) => void = this.check): string | undefined {
    const reasons: string[] = [];
    for (const path of [this.path, this.backupPath]) {
      const bytes = this.disk.readFile(path);
      if (bytes === undefined) continue;
      try {
        const text = bytes.toString('utf8');
        if (text.trim() === '') throw new Error('it is empty');
        check(text);
        if (reasons.length > 0)
          this.logger.warn('config file unreadable, its backup is used', { path: this.path, reasons });
        return text;
      } catch (error) {
        reasons.push(`${path}: ${(error as Error).message}`);
      }
    }
    if (reasons.length > 0) throw new ConfigFileError(this.path, reasons);
    return undefined;
  }

  /** Replaces the content; on return it is durable and the former content is in `.bak`. @throws what the disk throws; the former content is then still loadable */
  persist(text: string): void {
    const dir = dirname(this.path);
    const temporary = `${this.path}.tmp`;
    this.disk.mkdir(dir);
    const bytes = Buffer.from(text, 'utf8');
    // One that a crash left may be open to others, and keeps its mode when it is opened again.
    if (this.ownerOnly) this.disk.remove(temporary);
    const file = this.disk.open(temporary, { create: true, ownerOnly: this.ownerOnly });
    try {
      file.truncate(0);
      file.write(bytes, 0);
      file.syncNow();
    } finally {
      file.close();
    }
    if (this.mainIsGood()) this.disk.rename(this.path, this.backupPath);
    this.disk.rename(temporary, this.path);
    this.disk.syncDirectory(dir);
  }

  /** A torn main file must not replace a good backup. */
  private mainIsGood(): boolean {
    const bytes = this.disk.readFile(this.path);
    if (bytes === undefined) return false;
    try {
      const text = bytes.toString('utf8');
      this.check(text);
      return text.trim() !== '';
    } catch {
      return false;
    }
  }
}
