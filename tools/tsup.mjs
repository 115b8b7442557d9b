// The one build recipe. A package is built as ESM, CommonJS and types; an app as one self-contained file.
import { defineConfig } from 'tsup';

/** Build of a publishable package: `dist/<entry>.js`, `.cjs`, `.d.ts` and `.d.cts`. */
export function packageConfig({ entry, noExternal = [] }) {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    sourcemap: true,
    clean: true,
    splitting: true,
    noExternal,
    dts: { compilerOptions: { composite: false, incremental: false, ignoreDeprecations: '6.0', customConditions: [] } },
  });
}

/** Build of an app: one file that runs with Node alone (an image is node:20-slim plus this file). */
export function appConfig({ entry }) {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    sourcemap: true,
    clean: true,
    splitting: false,
    dts: false,
    noExternal: [/.*/],
    external: ['lz4-napi', '@bokuweb/zstd-wasm'],
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}
