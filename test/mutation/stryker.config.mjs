import { fileURLToPath } from 'node:url'
import { TARGETS } from './targets.mjs'

const target = process.env.STRONGROOM_MUTATE
const beside = (file) => fileURLToPath(new URL(file, import.meta.url))

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
  plugins: ['@stryker-mutator/vitest-runner', beside('messages.mjs')],
  mutate: TARGETS[target].mutate,
  ignorers: ['messages'],
  // Tables are evaluated once, at import; they are what this is about.
  ignoreStatic: false,
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: TARGETS[target].timeoutMS ?? 20_000,
  timeoutFactor: 1.5,
  disableTypeChecks: false,
  checkers: [],
  ignorePatterns: ['/dist', '/bench', '/playground', '/reports', '/.ci', '/.github'],
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
  reporters: ['progress-append-only', 'clear-text', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `reports/mutation/${target}.json` },
  htmlReporter: { fileName: `reports/mutation/${target}.html` },
  thresholds: { high: 95, low: 90, break: null },
}
