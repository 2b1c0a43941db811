/**
 * Secrets in key objects: their memory is outside the heap and is overwritten when it is freed.
 */
import * as crypto from 'node:crypto'
import { wipe } from '../../base/bytes.ts'
import type { Hold } from '../held.ts'
import { plain } from './hash.ts'

export const hold: Hold = (secret) => {
  const key = crypto.createSecretKey(secret)
  return {
    use(step) {
      const lent = plain(key.export())
      try {
        return step(lent)
      } finally {
        wipe(lent)
      }
    },
  }
}
