// The one build recipe. A package is built as ESM, CommonJS and types; an app as one self-contained file.
import { defineConfig } from 'tsup';

const common = { target: 'node20', sourcemap: true };

/**
 * Build of a publishable package: `dist/<entry>.js`, `.cjs`, `.d.ts` and `.d.cts`, and `dist/bin.js` where the package
 * has a command. `shims`: the code asks where it lies (`import.meta.url`), in CommonJS too.
 */
export function packageConfig({ entry, bin, noExternal = [], shims = false }) {
  const library = {
    ...common,
    entry,
    format: ['esm', 'cjs'],
    splitting: true,
    clean: true,
    shims,
    noExternal,
    dts: {
      compilerOptions: {
        composite: false,
        incremental: false,
        ignoreDeprecations: '6.0',
        customConditions: [],
      },
    },
  };
  const command = {
    ...common,
    entry: { bin },
    format: ['esm'],
    splitting: false,
    clean: false,
    noExternal,
    dts: false,
  };
  return defineConfig(bin === undefined ? library : [library, command]);
}

/** Build of an app: one file that runs with Node alone (an image is node:20-slim plus this file). */
export function appConfig({ entry }) {
  return defineConfig({
    ...common,
    entry,
    format: ['esm'],
    clean: true,
    splitting: false,
    dts: false,
    // Straight from the packages' sources: an app needs no built package.
    esbuildOptions(options) {
      options.conditions = ['@mq/source', 'import', 'module', 'node'];
    },
    noExternal: [/.*/],
    external: ['lz4-napi', '@bokuweb/zstd-wasm'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}
