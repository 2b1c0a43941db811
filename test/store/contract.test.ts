/** The published contract over every store that waits for no disk. */
import { describe, expect, it } from 'vitest'
import type { StoreHarness } from '../../src/testing/store-suite.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { givenTiny, memoryHarness } from './harness.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'

const api = { describe, it, expect }

const portable: StoreHarness = {
  open: async () => createMemoryStore({ limits: PORTABLE_LIMITS }),
}

storeSuite('memory', memoryHarness, api)
storeSuite('memory within portable limits', portable, api)
storeSuite('level, a given database without snapshots', givenTiny, api)
