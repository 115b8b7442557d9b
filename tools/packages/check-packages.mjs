// Tests the packages as their users get them: packs each, installs the tarballs together into an empty folder and
// imports, requires and type-checks every public path there. Their sources must say what each exported name and member is.
// Needs `npm run build` before. One line a check, then `N passed, N failed`; exits with 1 when a check failed.
//
//   node tools/packages/check-packages.mjs [--keep]      --keep leaves the folder for a look
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { undocumentedExports } from './docstrings.mjs';
import { packedFileProblems, targetsOf } from './exports.mjs';
import { attwProblems, publintProblems } from './linters.mjs';
import { Checks, run } from './run.mjs';
import { recordResults } from '../workspace.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const checks = new Checks();
const folder = mkdtempSync(join(tmpdir(), 'mq-packages-'));
try {
  for (const [name, undocumented] of undocumentedExports()) {
    checks.report(`${name}: every exported name and member has a docstring`, undocumented);
  }
  const packages = await packAll();
  for (const { name, tarball, problems } of packages) {
    checks.report(`${name}: tarball holds what package.json promises`, problems);
    checks.report(`${name}: publint`, await publintProblems(tarball));
    checks.report(`${name}: types resolve for every module system (attw)`, await attwProblems(root, tarball));
  }
  if (await install(packages)) {
    for (const entry of packages.flatMap(publicPaths)) await checkLoading(entry);
    await checkTypes(packages.flatMap(publicPaths));
  }
} finally {
  if (process.argv.includes('--keep')) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
recordResults('packages', checks.counts);
checks.finish();

async function packAll() {
  const packages = [];
  for (const directory of readdirSync(join(root, 'packages')).sort()) {
    const cwd = join(root, 'packages', directory);
    const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
    const packed = await run(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd,
    });
    if (!checks.report(`${manifest.name}: npm pack`, packed.problems)) continue;
    const [{ filename, files }] = JSON.parse(packed.stdout);
    packages.push({
      name: manifest.name,
      manifest,
      tarball: join(folder, filename),
      problems: packedFileProblems(
        manifest,
        files.map((file) => file.path),
      ),
    });
  }
  return packages;
}

/** All tarballs in one install, so that they resolve each other and nothing of ours is asked of a registry. */
async function install(packages) {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  );
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const tarballs = packages.map((each) => each.tarball);
  const installed = await run(npm, ['install', ...flags, ...tarballs], { cwd: folder });
  return checks.report('all tarballs install together', installed.problems);
}

/** Every path a user may import: `@mq/remoting`, `@mq/remoting/message`, ... */
function publicPaths({ name, manifest }) {
  return targetsOf(manifest).map(({ subpath }) => name + subpath.slice(1));
}

/** ESM and CommonJS load in processes of their own and offer the same names. */
async function checkLoading(path) {
  const names =
    'const names = Object.keys(loaded).filter((name) => name !== "default" && name !== "module.exports");';
  const print = `${names} if (names.length === 0) throw new Error("exports nothing"); console.log(names.sort().join());`;
  const esm = await node('module', `const loaded = await import(${JSON.stringify(path)}); ${print}`);
  const imported = checks.report(`${path}: import`, errorLine(esm.problems));
  const cjs = await node('commonjs', `const loaded = require(${JSON.stringify(path)}); ${print}`);
  const required = checks.report(`${path}: require`, errorLine(cjs.problems));
  if (!imported || !required) return;
  const differences = esm.stdout === cjs.stdout ? [] : [`import: ${esm.stdout}`, `require: ${cjs.stdout}`];
  checks.report(`${path}: import and require offer the same names`, differences);
}

/** The line that says it, out of a Node stack trace. */
function errorLine(problems) {
  const line = problems.find((each) => /^\s*\w*Error\b/.test(each));
  return line === undefined ? problems : [line.trim()];
}

function node(inputType, script) {
  return run(process.execPath, [`--input-type=${inputType}`, '-e', script], { cwd: folder });
}

/** A strict user without skipLibCheck, once as an ES module and once as CommonJS. */
async function checkTypes(paths) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  const use = (_, i) => `export const used${i}: object = package${i};`;
  const sources = {
    'user.mts': [...paths.map((path, i) => `import * as package${i} from '${path}';`), ...paths.map(use)],
    'user.cts': [...paths.map((path, i) => `import package${i} = require('${path}');`), ...paths.map(use)],
  };
  for (const [file, lines] of Object.entries(sources)) {
    writeFileSync(join(folder, file), lines.join('\n') + '\n');
    const config = join(folder, `tsconfig.${file}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
    const compiled = await run(process.execPath, [tsc, '-p', config], { cwd: folder });
    checks.report(`${file}: strict TypeScript accepts every public path`, compiled.problems);
  }
}
