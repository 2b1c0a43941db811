import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/helpers/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For what hangs: a machine that does other things too is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The default leaves one core idle, which on two cores doubles the time.
    maxWorkers: availableParallelism(),
    // A worker keeps what it has loaded, tested and compiled for its next file.
    isolate: false,
    setupFiles: ['test/helpers/setup.ts'],
    sequence: { sequencer: LongestFirst },
  },
})
