/**
 * What is mutated, and the tests that have to notice. A target runs only the tests that concern it,
 * because every mutant of a table runs all of them.
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
  format: {
    mutate: ['src/format/*.ts'],
    tests: ['test/format/*.test.ts'],
  },
  crypto: {
    mutate: ['src/crypto/**/*.ts'],
    tests: ['test/crypto/*.test.ts'],
  },
  store: {
    mutate: ['src/store/**/*.ts'],
    // Killing children shows nothing about one changed line that the others do not show faster.
    tests: ['test/store/!(kill).test.ts'],
  },
  execute: {
    mutate: ['src/engine/execute.ts', 'src/engine/commit.ts', 'src/engine/tx.ts'],
    tests: [
      'test/engine/{faults,flight,path,hot,integrity,lists,safety}.test.ts',
      'test/model/named.test.ts',
    ],
  },
}
