import { defineConfig } from 'vitest/config';
import { testRuntimeDirectory } from './tools/test-runtime-directory.ts';

export default defineConfig({
  test: {
    include: ['libs/**/*.test.ts', 'services/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    env: { XDG_RUNTIME_DIR: testRuntimeDirectory },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
