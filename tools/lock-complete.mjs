// Lists optional packages (mostly one native build a platform) that package-lock.json does not hold. npm sometimes drops
// those of other platforms from the lock; `npm ci` is then green here and broken on a colleague's machine
// (npm/cli#4828, npm/cli#8320). Exits with 1 when any is missing.
//
//   node tools/lock-complete.mjs [package-lock.json]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @param {{ packages: Record<string, { optionalDependencies?: Record<string, string> }> }} lock a lock of version 3
 * @returns {{ name: string, range: string, wantedBy: string }[]}
 */
export function missingOptionalPackages(lock) {
  return Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(lock, path, name))
      .map(([name, range]) => ({ name, range, wantedBy: path === '' ? 'the workspace' : path })),
  );
}

/** Looks where Node would: in the package's own node_modules, then in those of every folder above. */
function isLocked(lock, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true;
    if (folder === '') return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const missing = missingOptionalPackages(JSON.parse(readFileSync(file, 'utf8')));
  for (const { name, range, wantedBy } of missing)
    console.log(`missing: ${name}@${range}, wanted by ${wantedBy}`);
  console.log(missing.length === 0 ? 'the lock is complete' : `${missing.length} optional packages missing`);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
