import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import { TARGETS, testsOf } from './targets.mjs'

const { STRONGROOM_MUTATE, STRONGROOM_MUTATE_FILES = '' } = process.env
const target = TARGETS[STRONGROOM_MUTATE]
const tests = testsOf(target, STRONGROOM_MUTATE_FILES.split(',').filter(Boolean))
const { testTimeout = 60_000 } = target

/** Whether a test of it failed, at any depth. */
const hasFailed = ({ type, tasks, result }) =>
  type === 'test' ? result?.state === 'fail' : tasks.some(hasFailed)

/**
 * A file that cannot be imported, or one of whose hooks fails, has noticed the mutant as well;
 * Stryker counts tests only.
 */
const otherFailures = {
  onTestRunEnd(modules) {
    for (const { task } of modules)
      if (task.result?.state === 'fail' && !hasFailed(task))
        task.tasks.push({
          type: 'test',
          name: 'is imported and prepared',
          mode: 'run',
          file: task,
          suite: task,
          tasks: [],
          result: task.result,
        })
  },
}

/** In the order of the target: the first failure ends a run, so what is quick comes first. */
class InOrder extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => tests.indexOf(relative(process.cwd(), moduleId))
    return [...files].sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    include: tests,
    testTimeout,
    hookTimeout: 60_000,
    // One thread for all files of a run, and a new one for the next run.
    isolate: false,
    setupFiles: ['test/helpers/setup.ts', 'test/mutation/bail.mjs'],
    reporters: [otherFailures],
    sequence: { sequencer: InOrder },
  },
})
