/** What is kept of imported material beside itself: how to recognise it, and when it expires. */
import { invalidArgument } from '../base/errors.ts'
import { DAY_MS, LIMITS } from '../domain/limits.ts'
import { uuidToBytes } from '../format/paths.ts'
import type { Core } from './core.ts'
import type { Material } from './make.ts'

/** Recognises material without keeping it: a MAC over key id and secret. */
export const fingerprint = (core: Core, keyId: string, { secret }: Material): Uint8Array =>
  core.keys.fingerprints.compute(uuidToBytes(keyId), secret)

/** @throws INVALID_ARGUMENT for a moment that has passed, or is more than a year ahead */
export function expiry(expiresAt: Date | undefined, now: number): { materialExpiresAt?: number } {
  if (!expiresAt) return {}
  const at = expiresAt.getTime()
  const days = LIMITS.materialExpiryDaysMax
  if (at <= now || at > now + days * DAY_MS)
    invalidArgument('expiresAt', `a moment within the next ${days} days`, expiresAt)
  return { materialExpiresAt: at }
}
