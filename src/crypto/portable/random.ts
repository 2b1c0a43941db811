/**
 * The CSPRNG of the platform (Web Cryptography API 10.1.1) behind pools, or the caller's source.
 */
import type { Random } from '../../base/ports.ts'
import { randomSources } from '../pool.ts'
import type { RandomSources } from '../pool.ts'

/** `getRandomValues` refuses more than this at once (QuotaExceededError). */
const CALL_BYTES_MAX = 65_536

/** Fills any length from the platform. */
export function fillRandomly(target: Uint8Array): void {
  for (let at = 0; at < target.length; at += CALL_BYTES_MAX)
    crypto.getRandomValues(target.subarray(at, at + CALL_BYTES_MAX))
}

/**
 * Pooled sources over `given`, or over the platform when none is given; unpooled when it is
 * deterministic.
 */
export const portableSources = (given: Random | undefined): RandomSources =>
  randomSources(fillRandomly, given)
