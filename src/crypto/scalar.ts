/** Private scalars of elliptic curves from a given source of random bytes. */
import type { Random } from '../base/ports.ts'
import { CURVES } from './curves.ts'
import type { EcSpec } from './curves.ts'
import { fromBigInt, toBigInt } from './der.ts'
import { secretBytes, wipe } from '../base/bytes.ts'

/** FIPS 186-5 A.2.2 (rejection sampling): d in [1, n - 1], big-endian in the bytes of the order. */
export function randomScalar(random: Random, spec: EcSpec): Uint8Array {
  const { order, bytes } = CURVES[spec]
  const candidate = secretBytes(bytes)
  // Step 2: N = len(n) bits; the bits above them (P-521: seven) are cleared.
  const top = 0xff >>> (8 * bytes - order.toString(2).length)
  try {
    while (true) {
      // Steps 4 and 5
      random.fill(candidate)
      candidate[0]! &= top
      const c = toBigInt(candidate)
      // Steps 6 and 7: reject c > n - 2, else d = c + 1
      if (c <= order - 2n) return fromBigInt(c + 1n, bytes)
    }
  } finally {
    wipe(candidate)
  }
}
