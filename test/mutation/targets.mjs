import { CRYPTO_NEAR } from './near.mjs'

/**
 * What is mutated, and the tests that have to notice. A target runs only the tests that concern it,
 * because every mutant of a table runs all of them. A mutant that hangs is cheap where a test gives
 * up before the runner does: `testTimeout` is then many times what the slowest test takes.
 * `near` narrows the tests further, file by file.
 */
export const TARGETS = {
  domain: {
    mutate: ['src/domain/*.ts'],
    tests: [
      'test/domain/*.test.ts',
      'test/lifecycle/tables.test.ts',
      'test/docs/generated.test.ts',
    ],
  },
  policy: {
    mutate: ['src/domain/policy/*.ts'],
    tests: ['test/domain/policy/*.test.ts'],
  },
  format: {
    mutate: ['src/format/*.ts'],
    tests: ['test/format/*.test.ts'],
  },
  crypto: {
    mutate: ['src/crypto/**/*.ts'],
    tests: ['test/crypto/!(files).test.ts'],
    near: CRYPTO_NEAR,
    timeoutMS: 12_000,
  },
  store: {
    mutate: ['src/store/**/*.ts'],
    // Killing children shows nothing about one changed line that the others do not show faster.
    tests: [
      'test/store/writer.test.ts',
      'test/store/group.test.ts',
      'test/store/level-store.test.ts',
      'test/store/memory.test.ts',
      'test/store/adopted.test.ts',
      'test/store/sorted.test.ts',
      'test/store/limits.test.ts',
      'test/store/names.test.ts',
      'test/store/free-space.test.ts',
      'test/store/manifest-bytes.test.ts',
      'test/store/creation.test.ts',
      'test/store/level-write.test.ts',
      'test/store/level-open.test.ts',
      'test/store/sidecar.test.ts',
      'test/store/manifest.test.ts',
      'test/store/tables.test.ts',
      'test/store/kept.test.ts',
      'test/store/image.test.ts',
      'test/store/model.test.ts',
      'test/store/contract.test.ts',
    ],
    testTimeout: 15_000,
  },
  execute: {
    mutate: ['src/engine/execute.ts', 'src/engine/commit.ts', 'src/engine/tx.ts'],
    // Faults at every place take minutes, and disks show nothing of these three files.
    tests: [
      'test/engine/commit.test.ts',
      'test/engine/execute.test.ts',
      'test/replication/operations.test.ts',
      'test/replication/follow.test.ts',
      'test/engine/journal-uses.test.ts',
      'test/engine/access/grants.test.ts',
      'test/engine/multi-region.test.ts',
      'test/engine/safety.test.ts',
      'test/engine/flight.test.ts',
    ],
    testTimeout: 30_000,
  },
}

/** The tests of a run: all of the target, or those near to the files that the run is limited to. */
export function testsOf({ tests, near = {} }, files) {
  const names = files.map((file) => file.replace(/:.*/, ''))
  if (names.length === 0 || !names.every((name) => Object.hasOwn(near, name))) return tests
  return [...new Set(names.flatMap((name) => near[name]))]
}
