// The Node client of Alibaba, from npm, in a folder of its own: it must not become a dependency of this repository.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, once } from './cache.mjs';
import { runOrThrow } from './command.mjs';

const VERSION = '3.12.0';

export function installAliOns() {
  const folder = aliOnsFolder();
  once(folder, VERSION, () => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'ali-ons-home', private: true }));
    runOrThrow(
      'npm',
      ['install', '--no-audit', '--no-fund', '--loglevel=error', `ali-ons@${VERSION}`, 'urllib@2'],
      { cwd: folder },
    );
  });
  return folder;
}

export const aliOnsFolder = () => cacheFolder('ali-ons');
