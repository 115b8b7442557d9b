// One jest run for the whole workspace. Tests read sister packages' sources (the `@mq/source` condition), so no
// build is needed; what is published is tested from its tarball by tools/packages.
export default {
  rootDir: '.',
  testMatch: [
    '<rootDir>/packages/*/{src,test}/**/*.test.ts',
    '<rootDir>/apps/*/{src,test}/**/*.test.ts',
    '<rootDir>/examples/**/*.test.ts',
    '<rootDir>/tools/**/*.test.{ts,mjs}',
  ],
  modulePathIgnorePatterns: [
    '<rootDir>/.*/dist/',
    '<rootDir>/.*/out-tsc/',
    '<rootDir>/.nx/',
    '<rootDir>/.cache/',
  ],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@mq/source', 'node', 'require', 'default'] },
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(p-queue|p-timeout|eventemitter3)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 30_000,
  maxWorkers: 2,
};
