import { defineConfig } from 'vitest/config'
import { TARGETS } from './targets.mjs'

const { tests } = TARGETS[process.env.STRONGROOM_MUTATE]

/** A test file that cannot even be imported has noticed the mutant; Stryker counts tests only. */
const importFailures = {
  onTestRunEnd(modules) {
    for (const { task } of modules)
      if (task.result?.state === 'fail' && task.tasks.length === 0)
        task.tasks.push({
          type: 'test',
          name: 'is imported',
          mode: 'run',
          file: task,
          suite: task,
          tasks: [],
          result: task.result,
        })
  },
}

export default defineConfig({
  test: {
    include: tests,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One thread for all files of a run, and a new one for the next run.
    isolate: false,
    reporters: [importFailures],
  },
})
