/**
 * After a failure no further test file is imported: a run ends with its first one, but vitest would
 * still import all that follow, which takes longer than the tests.
 */
import { afterEach } from 'vitest'

const FAILED = Symbol.for('strongroom.mutation.failed')

if (globalThis[FAILED]) throw new Error('another test has failed')

afterEach(({ task }) => {
  if (task.result?.state === 'fail') globalThis[FAILED] = true
})
