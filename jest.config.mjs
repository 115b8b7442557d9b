// One jest run for the whole workspace. Tests read sister packages' sources (the `@mq/source` condition), so no
// build is needed; what is published is tested from its tarball by tools/packages.

/** MQ_PROPERTY_TIMES=50: every property test tries 50 times as many cases, and has as much more time (docs/reliability.md). */
const propertyTimes = Number(process.env.MQ_PROPERTY_TIMES ?? 1);

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
  setupFiles: ['<rootDir>/packages/remoting/test/strict-read-memory.ts'],
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
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...(propertyTimes > 1 ? { '^fast-check$': '<rootDir>/tools/testing/many-properties.cjs' } : {}),
  },
  testTimeout: 30_000 * propertyTimes,
  maxWorkers: 2,
};
