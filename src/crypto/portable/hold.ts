/** Secrets in plain memory: this platform has no other. */
import { secretCopy } from '../../base/bytes.ts'
import type { Hold } from '../held.ts'

export const hold: Hold = (secret) => {
  const copy = secretCopy(secret)
  return { use: (step) => step(copy) }
}
