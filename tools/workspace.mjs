// What the root commands share: set up a fresh clone, run a step, remember counts of tests for the closing line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const resultsFolder = join(root, '.cache', 'results');

const nxEnv = { NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };

/** Runs a command in the root and returns its exit code. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...nxEnv, ...env },
  });
  if (error) {
    console.error(`${command}: ${error.message}`);
    return 127;
  }
  return status ?? 1;
}

/** Runs a step of a longer command; leaves the process with its exit code when it fails. */
export function step(title, command, args, env) {
  console.log(`\n== ${title}`);
  const status = run(command, args, env);
  if (status !== 0) {
    console.error(`== ${title}: failed (exit code ${status})`);
    process.exit(status);
  }
}

/** Installs the dependencies of the lock file when they are not there, or are older than the lock file. */
export function setUp() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  if (existsSync(installed) && sameLock(lock, installed)) return;
  step('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** A checkout newer than its installation but with the same packages needs no second installation. */
function sameLock(lock, installed) {
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      path === '' ||
      optional ||
      link ||
      !path.startsWith('node_modules') ||
      present[path]?.version === version,
  );
}

/** Newest modification below a folder, ms; files the build does not read are left out. */
export function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.(ts|json|mjs)$/.test(entry.name) || entry.name.endsWith('.test.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    if (/\/(node_modules|dist|out-tsc)\//.test(path)) continue;
    newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

/** Builds one app (a single file, straight from the packages' sources) unless it is newer than every source. */
export function buildApp(app, output) {
  const built = join(root, 'apps', app, 'dist', output);
  const newest = Math.max(newestSource('packages'), newestSource(`apps/${app}`), newestSource('tools'));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return built;
  step(`building apps/${app}`, 'npx', [
    'nx',
    'run',
    `@mq-apps/${app}:build`,
    '--output-style=static',
    '--skip-nx-cache',
  ]);
  return built;
}

/** Builds packages as others install them, and what they import, unless they are newer than every source. */
export function buildPackages(names) {
  const newest = newestSource('packages');
  const isNew = (path) => existsSync(path) && statSync(path).mtimeMs >= newest;
  if (names.every((name) => isNew(join(root, 'packages', name, 'dist', 'index.js')))) return;
  const projects = names.map((name) => `@mq/${name}`).join(',');
  const args = ['nx', 'run-many', '-t', 'build', '-p', projects, '--output-style=static'];
  step(`building ${projects}`, 'npx', args);
}

/** Remembers how many tests a suite passed, failed and skipped, for `.ci/run` to add up. */
export function recordResults(suite, { passed, failed, skipped }) {
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, `${suite}.json`), `${JSON.stringify({ passed, failed, skipped })}\n`);
}

export function forgetResults() {
  rmSync(resultsFolder, { recursive: true, force: true });
}

/** Sum of everything recorded. */
export function totalResults() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  if (!existsSync(resultsFolder)) return total;
  for (const name of readdirSync(resultsFolder)) {
    const counts = JSON.parse(readFileSync(join(resultsFolder, name), 'utf8'));
    for (const key of Object.keys(total)) total[key] += counts[key] ?? 0;
  }
  return total;
}
