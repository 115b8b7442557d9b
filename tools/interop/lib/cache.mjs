// Where the suite keeps what it downloads and builds: below .cache/, never in the repository.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../workspace.mjs';

/** A folder below `.cache/interop`, made when it is not there. */
export function cacheFolder(...parts) {
  const folder = join(root, '.cache', 'interop', ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs `make` once: a mark remembers that it succeeded with this key. */
export function once(folder, key, make) {
  const mark = join(folder, `.made-${key}`);
  if (existsSync(mark)) return;
  make();
  writeFileSync(mark, '');
}
