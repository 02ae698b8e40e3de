import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Forks, not threads: the tests start worker threads and child processes of their own.
    pool: 'forks',
    // One on each core: they mostly wait for processes that they start, and the default leaves a core of two idle.
    maxWorkers: '100%',
    // Tests leave nothing in the home folder.
    env: { RUNJOB_CACHE: 'off' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
