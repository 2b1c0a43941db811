/**
 * Rates: ten requests a second in each of four groups (contracts: OCI 12), counted over the second
 * before the request.
 */
import { FAULTS, OciFault } from './errors.ts'

export type Group =
  'provisioning write' | 'provisioning read' | 'management write' | 'management read'

const WINDOW_MS = 1000
export const PER_SECOND_DEFAULT = 10

export class Throttle {
  readonly #times = new Map<Group, number[]>()

  /** Counts a request, or refuses it. */
  admit(group: Group, perSecond: number, now: number): void {
    const recent = (this.#times.get(group) ?? []).filter((at) => at > now - WINDOW_MS)
    this.#times.set(group, recent)
    if (recent.length >= perSecond)
      throw new OciFault(FAULTS.throttled, 'User-rate limit exceeded.', 1)
    recent.push(now)
  }
}
