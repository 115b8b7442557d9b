// A small text file that is either the old or the new one after any crash: write aside, sync, rename, sync the folder. The
// rule is that of ConfigFile in @mq/store, which the layers do not let a NameServer import.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** The bytes of a file; undefined when there is none. Throws what node:fs throws for one that cannot be read. */
export function readFileIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * What `decode` makes of the file, else of the `.bak` copy; undefined when neither is there.
 * @param onDamaged told when the file was left for its copy
 * @throws Error when something is there and nothing of it can be understood: that is not the same as empty
 */
export function loadTextFile<T>(
  path: string,
  decode: (text: string) => T,
  onDamaged: (error: unknown) => void,
): T | undefined {
  let damage: { readonly cause: unknown } | undefined;
  for (const candidate of [path, `${path}.bak`]) {
    const bytes = readFileIfThere(candidate);
    if (bytes === undefined) continue;
    try {
      const value = decode(bytes.toString('utf8'));
      if (damage !== undefined) onDamaged(damage.cause);
      return value;
    } catch (cause) {
      damage ??= { cause };
    }
  }
  if (damage === undefined) return undefined;
  throw new Error(
    `${path} and its .bak cannot be understood: mend one, or move both away to start with none`,
    damage,
  );
}

/**
 * Replaces the file's text and keeps the previous one as `.bak`. The text is on disk when this returns.
 * With `ownerOnly` it can be read by its owner alone.
 */
export function replaceTextFile(path: string, text: string, options: { ownerOnly?: boolean } = {}): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  // One that a crash left may be open to others, and keeps its mode when it is opened again.
  rmSync(temporary, { force: true });
  const file = openSync(temporary, 'wx', options.ownerOnly === true ? 0o600 : 0o644);
  try {
    const bytes = Buffer.from(text, 'utf8');
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (existsSync(path)) renameSync(path, `${path}.bak`);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
