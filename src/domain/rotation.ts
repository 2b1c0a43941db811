/**
 * When a key rotates: pure arithmetic over its policy. One trigger of three, all in days
 * (contracts: OCI 6, AWS 9, Azure 4.7).
 */
import { DAY_MS, LIMITS } from './limits.ts'
import type { KeyRecord, RotationPolicy } from './records.ts'
import type { KeyView } from './settle.ts'

/** What the newest version contributes: when it was made and when it expires. */
export interface RotationBasis {
  readonly createdAt: number
  readonly expiresOn?: number | undefined
}

/**
 * The next moment at which a policy fires, counted from the current version and never before
 * `notBefore`.
 */
export function nextRotation(
  policy: RotationPolicy,
  basis: RotationBasis,
  previous?: number,
): number | undefined {
  if (!policy.enabled) return undefined
  if (policy.everyDays !== undefined)
    return (previous ?? policy.startAt) + policy.everyDays * DAY_MS
  if (policy.daysAfterCreation !== undefined)
    return basis.createdAt + policy.daysAfterCreation * DAY_MS
  if (policy.daysBeforeExpiry === undefined || basis.expiresOn === undefined) return undefined
  return basis.expiresOn - policy.daysBeforeExpiry * DAY_MS
}

/** A policy with `nextAt` filled in; nothing is due before the policy or the expiry that asks for it. */
export function scheduled(
  policy: RotationPolicy,
  basis: RotationBasis,
  { previous, notBefore = -Infinity }: { previous?: number; notBefore?: number } = {},
): RotationPolicy {
  const { nextAt: _, ...rest } = policy
  const nextAt = nextRotation(policy, basis, previous)
  return nextAt === undefined ? rest : { ...rest, nextAt: Math.max(nextAt, notBefore) }
}

/** After a rotation on demand: an interval keeps its beat, the other triggers count anew. */
export const recounted = (
  policy: RotationPolicy,
  current: RotationBasis,
  now: number,
): RotationPolicy =>
  policy.everyDays === undefined ? scheduled(policy, current, { notBefore: now }) : policy

/**
 * A policy whose turn fell while the key could not rotate fires at once when it can again (AWS 9).
 */
export function resumed(record: KeyRecord, now: number): KeyRecord {
  const { rotation } = record
  if (rotation?.nextAt === undefined || rotation.nextAt > now) return record
  return { ...record, rotation: { ...rotation, nextAt: now } }
}

/** The same for a key that comes back; a replica waits for what its primary does. */
export const resumedIn = ({ family }: KeyView, record: KeyRecord, now: number): KeyRecord =>
  record.state === 'enabled' && family?.role !== 'replica' ? resumed(record, now) : record

/**
 * Every moment up to `now` at which the key has to rotate, oldest first: a long pause makes up for
 * each missed one, so that what a key looks like does not depend on when somebody looked. At most
 * the newest `rotationCatchUpMax`.
 */
export function dueRotations(key: KeyView, now: number): readonly number[] {
  const policy = key.record.rotation
  if (key.state !== 'enabled' || policy?.nextAt === undefined) return []
  if (key.family?.role === 'replica') return []
  // Its versions are still on their way back.
  if (key.vault.state === 'restoring') return []
  const times: number[] = []
  let next: number | undefined = Math.max(policy.nextAt, key.vault.record.activeSince ?? 0)
  while (next !== undefined && next <= now) {
    times.push(next)
    if (times.length > LIMITS.rotationCatchUpMax) times.shift()
    const basis: RotationBasis = {
      createdAt: next,
      expiresOn: policy.expiryDays === undefined ? undefined : next + policy.expiryDays * DAY_MS,
    }
    const after: number | undefined = nextRotation(policy, basis, next)
    next = after !== undefined && after > next ? after : undefined
  }
  return times
}
