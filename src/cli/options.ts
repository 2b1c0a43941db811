/** Parsers of option values: a bad one is refused before the store is opened. */
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import { DAY_MS, LIMITS } from '../domain/limits.ts'

/** `--context name=value`, repeated. */
export function addPair(pair: string, pairs: Readonly<Record<string, string>> = {}) {
  const at = pair.indexOf('=')
  if (at < 1) invalidArgument('--context', 'name=value', pair)
  const name = pair.slice(0, at)
  if (Object.hasOwn(pairs, name))
    throw new StrongroomError('INVALID_ARGUMENT', '--context: expected each name once.')
  return Object.fromEntries([...Object.entries(pairs), [name, pair.slice(at + 1)]])
}

/** One of the names of a table, in any case. */
export function oneOf<T extends string>(option: string, names: readonly T[]) {
  return (value: string): T => {
    const wanted = value.toUpperCase()
    const found = names.find((name) => name.toUpperCase() === wanted)
    if (found !== undefined) return found
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      `${option}: expected one of ${names.join(', ')}, got something else.`,
    )
  }
}

/** The same for an option that may be repeated. */
export function someOf<T extends string>(option: string, names: readonly T[]) {
  const parse = oneOf(option, names)
  return (value: string, before: readonly T[] = []): T[] => [...before, parse(value)]
}

/** `--days N` of a deletion, as days. */
export function deletionDays(value: string): number {
  const { deletionDaysMin: min, deletionDaysMax: max } = LIMITS
  const days = wholeNumber(value)
  if (days !== undefined && days >= min && days <= max) return days
  return invalidArgument('--days', `a whole number from ${min} to ${max}`, days ?? value)
}

/** `--work-factor N`, whose bounds the seal itself checks. */
export function workFactor(value: string): number {
  return wholeNumber(value) ?? invalidArgument('--work-factor', 'a whole number', value)
}

/** The number of a commit. */
export const sequence =
  (option: string) =>
  (value: string): bigint =>
    /^[0-9]{1,19}$/.test(value)
      ? BigInt(value)
      : invalidArgument(option, 'the number of a commit', value)

const wholeNumber = (value: string): number | undefined =>
  /^[0-9]{1,4}$/.test(value) ? Number(value) : undefined

/** The moment of a deletion that many days ahead. */
export const daysAhead = (days: number, now: number): Date => new Date(now + days * DAY_MS)
