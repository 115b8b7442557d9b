import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Which layer may import which: the arrows of ARCHITECTURE.md. Nothing else may. */
const allowed = {
  testing: [],
  remoting: [],
  filter: [],
  store: ['remoting'],
  namesrv: ['remoting'],
  broker: ['store', 'filter', 'remoting'],
  client: ['remoting'],
  filtersrv: ['remoting'],
  admin: ['client', 'remoting'],
  'test-broker': ['broker', 'store', 'namesrv', 'remoting', 'client'],
  app: ['remoting', 'store', 'namesrv', 'broker', 'filtersrv', 'client', 'admin'],
  example: ['client', 'remoting'],
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/out-tsc/**',
      '**/node_modules/**',
      '.nx/**',
      '.cache/**',
      'data/**',
      '**/*.config.ts',
      '**/.cache/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['packages/**/*.ts', 'apps/**/*.ts', 'examples/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: Object.entries(allowed).map(([layer, targets]) => ({
            sourceTag: `layer:${layer}`,
            onlyDependOnLibsWithTags: [
              'layer:testing',
              `layer:${layer}`,
              ...targets.map((target) => `layer:${target}`),
            ],
          })),
        },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  prettier,
);
