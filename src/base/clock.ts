import type { Clock } from './ports.ts'
import { invalidArgument } from './errors.ts'

/** A span of time in named units; all are added up. */
export interface Duration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

const MILLISECONDS = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
}

/** The milliseconds of a duration. */
export function durationMs(duration: Duration): number {
  let total = 0
  for (const [unit, factor] of Object.entries(MILLISECONDS)) {
    const value = duration[unit as keyof Duration] ?? 0
    if (!Number.isFinite(value)) invalidArgument(`duration.${unit}`, 'a finite number', value)
    total += value * factor
  }
  return total
}

/**
 * A clock that moves only when told. Jumping it forward really expires, rotates and destroys.
 *
 * @example
 * const clock = new VirtualClock(new Date('2030-01-01'))
 * const room = await Strongroom.open({ clock })
 * clock.advance({ days: 30 })
 * await room.tick()
 */
export class VirtualClock implements Clock {
  #now: number

  constructor(start: Date = new Date(Date.UTC(2026, 0, 1))) {
    this.#now = checkedTime(start)
  }

  now(): number {
    return this.#now
  }

  /** Moves forward (a negative duration is refused: time that runs back is not modelled). */
  advance(duration: Duration): Date {
    const step = durationMs(duration)
    if (step < 0) invalidArgument('duration', 'zero or more', step)
    this.#now += step
    return new Date(this.#now)
  }

  /** Jumps to a moment that is not before the present one. */
  set(time: Date): Date {
    const next = checkedTime(time)
    if (next < this.#now)
      invalidArgument('time', `not before ${new Date(this.#now).toISOString()}`, time)
    this.#now = next
    return new Date(next)
  }
}

function checkedTime(time: Date): number {
  const value = time instanceof Date ? time.getTime() : Number.NaN
  if (Number.isNaN(value)) invalidArgument('time', 'a valid Date', time)
  return value
}
