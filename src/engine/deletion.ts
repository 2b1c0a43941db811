import { invalidArgument } from '../base/errors.ts'
import { DAY_MS, LIMITS } from '../domain/limits.ts'

/**
 * The moment of a scheduled deletion: 7 to 30 days ahead, or as many as the caller allows, default
 * 30 (contracts: OCI 5.4, AWS 10.1, Azure 2).
 */
export function deletionTime(
  now: number,
  asked: Date | undefined,
  daysMax: number = LIMITS.deletionDaysMax,
): number {
  if (!asked) return now + LIMITS.deletionDaysDefault * DAY_MS
  const at = asked.getTime()
  const min = now + LIMITS.deletionDaysMin * DAY_MS
  const max = now + daysMax * DAY_MS
  const grace = LIMITS.deletionGraceMs
  if (at >= min - grace && at <= max + grace) return at
  const expected = `a moment from ${new Date(min).toISOString()} to ${new Date(max).toISOString()}`
  return invalidArgument('deletionAt', expected, asked)
}
