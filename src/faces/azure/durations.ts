/**
 * Durations of ISO 8601 in whole days, as rotation policies have them (contracts: Azure 4.7). A
 * month counts 30 days and a year 365: the room counts days.
 */
import { invalid } from './errors.ts'
import type { Read } from './fields.ts'

const DURATION = /^P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$/i
const DAYS = [365, 30, 7, 1] as const

/** Undefined when it is none. */
export function daysOf(duration: string): number | undefined {
  const parts = DURATION.exec(duration)
  if (!parts) return undefined
  return DAYS.reduce((days, each, i) => days + each * Number(parts[i + 1] ?? 0), 0)
}

export interface Span {
  /** As it came. */
  readonly text: string
  readonly days: number
}

/** An empty one is as good as none. */
export const duration: Read<Span | undefined> = (value, path) => {
  if (value === '') return undefined
  const days = typeof value === 'string' ? daysOf(value) : undefined
  return days === undefined
    ? invalid(path, 'a duration of ISO 8601 in days, weeks, months or years, such as P90D')
    : { text: value as string, days }
}
