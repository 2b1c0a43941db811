/**
 * The contract of the store port in executable form. Every store, ours or yours, passes it; so does
 * every wrapper.
 *
 * @example
 * import { describe, expect, it } from 'vitest'
 * import { storeSuite } from 'strongroom/testing'
 * storeSuite('my store', { open: () => openMyStore() }, { describe, it, expect })
 */
import type { CaseContext, StoreHarness, SuiteApi, SuiteCase } from './store-suite/kit.ts'
import type { Store } from '../store/store.ts'
import { COMMITS } from './store-suite/commits.ts'
import { LIFE } from './store-suite/life.ts'
import { RACES } from './store-suite/races.ts'
import { READS } from './store-suite/reads.ts'

export type { StoreHarness, SuiteApi } from './store-suite/kit.ts'

const CASES: readonly SuiteCase[] = [...READS, ...COMMITS, ...RACES, ...LIFE]

/**
 * Declares one test per case of the contract, with the functions of the test framework that are
 * passed in.
 */
export function storeSuite(name: string, harness: StoreHarness, api: SuiteApi): void {
  const skip = harness.skip ?? {}
  for (const skipped of Object.keys(skip))
    if (!CASES.some((one) => one.name === skipped))
      throw new Error(`Store suite: there is no case named '${skipped}' to skip.`)
  api.describe(`store contract: ${name}`, () => {
    for (const one of CASES) {
      if (one.name in skip || (one.needs && !harness[one.needs])) continue
      api.it(one.name, () => runCase(one, harness, api))
    }
  })
}

async function runCase(one: SuiteCase, harness: StoreHarness, api: SuiteApi): Promise<void> {
  const opened: Store[] = []
  const tracked = (store: Store): Store => {
    opened.push(store)
    return store
  }
  const context: CaseContext = {
    expect: (value) => api.expect(value),
    harness,
    tracked,
    open: async () => tracked(await harness.open()),
  }
  try {
    await one.run(context)
  } finally {
    for (const store of opened) await store.close()
  }
}
