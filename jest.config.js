/** One config for every suite; the workflow bundle and the servers are made once in test/support/global-setup.ts. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Whole systems that are stopped, copied and started again: "npm run test:restore". Browsers: "npm run test:e2e".
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.TEST_RESTORE ? [] : ['<rootDir>/test/restore/']),
    ...(process.env.TEST_E2E ? [] : ['<rootDir>/test/e2e/']),
  ],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/test/support/slow-first.js',
  maxWorkers: 3,
  testTimeout: 30_000,
};
