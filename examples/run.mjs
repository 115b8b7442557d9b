// Runs an example from its source, without a build: node examples/run.mjs simple-producer
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const directory = dirname(fileURLToPath(import.meta.url));

/** Bundles `NAME.ts` with the sources it uses into `outfile`. */
export async function bundleExample(name, outfile) {
  await build({
    entryPoints: [join(directory, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@mq/source'],
    external: ['lz4-napi', '@bokuweb/zstd-wasm', 'msgpackr-extract'],
    // Some dependencies are CommonJS and ask for built-in modules with require.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const name = process.argv[2]?.replace(/\.ts$/, '');
  if (name === undefined || !existsSync(join(directory, `${name}.ts`))) {
    console.error('usage: node examples/run.mjs NAME, where NAME.ts is an example of this folder');
    process.exit(2);
  }
  const temporary = mkdtempSync(join(tmpdir(), 'mq-example-'));
  try {
    await bundleExample(name, join(temporary, 'example.mjs'));
    await import(pathToFileURL(join(temporary, 'example.mjs')).href);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
