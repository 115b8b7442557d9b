// The packages as they stand in the tree, without a build: bundled from their sources into .cache/reliability/<hash>/.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../workspace.mjs';

/** What campaigns import, in one build so that a class is the same class everywhere, and the broker they kill. */
const BUILDS = [
  {
    '@mq/remoting': 'packages/remoting/src/index.ts',
    '@mq/remoting/message': 'packages/remoting/src/message/index.ts',
    '@mq/remoting/protocol': 'packages/remoting/src/protocol/index.ts',
    '@mq/remoting/settings': 'packages/remoting/src/settings/index.ts',
    '@mq/client': 'packages/client/src/index.ts',
    '@mq/store': 'packages/store/src/index.ts',
    '@mq/store/testing': 'packages/store/src/testing/index.ts',
    'fuzz-targets': 'tools/reliability/fuzz/targets.mjs',
  },
  { mqbroker: 'apps/broker/src/main.ts' },
  { mqnamesrv: 'apps/nameserver/src/main.ts' },
];
const DAY_MS = 24 * 3600 * 1000;
const cache = join(root, '.cache', 'reliability');
const nameOf = (source) => source.replaceAll(/[@/]+/g, '-').replace(/^-/, '');

/** Of each build, the promise of its folder. */
const bundled = new Map();

/**
 * Where the processes that this one starts find each build: a campaign is of the sources as they were when it began, however
 * long it runs, and nothing is bundled twice.
 */
const variableOf = (entries) => `MQ_BUNDLE_${BUILDS.indexOf(entries)}`;

/** Imports a package (or one of its named entries) from its sources. */
export async function importSource(source) {
  return import(pathToFileURL(await sourceFile(source)).href);
}

/** The bundled file of an entry: `mqbroker` and `mqnamesrv` to start, the others to import. */
export async function sourceFile(source) {
  const entries = BUILDS.find((candidate) => source in candidate);
  if (entries === undefined) throw new Error(`${source} is no entry of tools/reliability/sources.mjs`);
  if (!bundled.has(entries)) bundled.set(entries, bundle(entries));
  return join(await bundled.get(entries), `${nameOf(source)}.mjs`);
}

async function bundle(entries) {
  const variable = variableOf(entries);
  return (process.env[variable] ??= await bundleAnew(entries));
}

async function bundleAnew(entries) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [nameOf(name), path])),
    outdir: cache,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    conditions: ['@mq/source', 'import', 'module', 'node'],
    external: ['lz4-napi', '@bokuweb/zstd-wasm'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  const hash = createHash('sha256');
  for (const { hash: part } of outputFiles) hash.update(part);
  const folder = join(cache, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  // Complete or not at all: several campaigns may start at once.
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  for (const { path, contents } of outputFiles)
    writeFileSync(join(temporary, path.slice(cache.length + 1)), contents);
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  removeOld();
  return folder;
}

/** A campaign that runs keeps what it loaded; what is a day old nobody runs any more. */
function removeOld() {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (Date.now() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { recursive: true, force: true });
  }
}
