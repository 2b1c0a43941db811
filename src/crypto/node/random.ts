/** The CSPRNG of the platform (OpenSSL's DRBG, SP 800-90A) behind pools, or the caller's source. */
import { randomFillSync } from 'node:crypto'
import type { Random } from '../../base/ports.ts'
import { randomSources } from '../pool.ts'
import type { RandomSources } from '../pool.ts'

/**
 * Pooled sources over `given`, or over the platform when none is given; unpooled when it is
 * deterministic.
 */
export const nodeSources = (given: Random | undefined): RandomSources =>
  randomSources((target) => void randomFillSync(target), given)
