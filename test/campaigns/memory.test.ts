/** Copies of material in memory, briefly; and that the search finds what is there. */
import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { secretBytes, secretCopy, wipe } from '../../src/base/bytes.ts'
import { builtTree } from '../helpers/build.mjs'
import { sightings } from './memory-scan.ts'
import { run } from './memory.ts'

const log = (): void => undefined
const linux = process.platform === 'linux'
let built: string
beforeAll(async () => {
  built = await builtTree()
})

/**
 * A copy that we leave is there every time. What OpenSSL freed is overwritten by what is allocated
 * next, which differs from process to process: the long campaign counts how often something stays.
 */
const LASTING = { timeout: 600_000, retry: 3 }

test('no copy of material after close and a collection', LASTING, async ({ skip }) => {
  const { violations, counts, skipped } = await run({ rounds: 1, seed: 1, log, built })
  if (skipped) skip(skipped)
  expect(violations).toEqual([])
  // While it is open, keys are held ready: a search that found nothing at all would be blind.
  expect(counts['copies while open: HMAC_256']).toBeGreaterThan(0)
  expect(counts['copies while open: RSA_2048']).toBeGreaterThan(0)
})

test.runIf(linux)('the search sees a secret, and sees it gone once it is wiped', () => {
  const mask = randomBytes(1)[0]! | 1
  const plain = secretBytes(48)
  for (let i = 0; i < plain.length; i++) plain[i] = (i * 41 + 7) & 0xff
  const bytes = Uint8Array.from(plain, (byte) => byte ^ mask)
  const copy = secretCopy(bytes)
  wipe(bytes)
  const index = (): number =>
    sightings(process.pid, [{ name: 'it', bytes: Uint8Array.from(plain, (b) => b ^ mask) }]).length
  expect(index()).toBeGreaterThan(0)
  wipe(copy)
  expect(copy.every((byte) => byte === 0)).toBe(true)
})
