/**
 * How values on the wire are read: one reader per kind, objects from tables of readers. Unknown
 * members are ignored, and `null` is absence where it does not clear something (contracts: Azure 1).
 */
import { fromBase64url } from '../../base/bytes.ts'
import { invalid } from './errors.ts'

/** Reads one value that is there. */
export type Read<T> = (value: unknown, path: string) => T
export interface Field<T> {
  readonly read: Read<T>
  readonly required: boolean
  /** `null` is a value of its own. */
  readonly clears?: true
}
export type Fields = Readonly<Record<string, Field<unknown>>>
export type Values<F extends Fields> = {
  readonly [N in keyof F]: F[N] extends Field<infer T> ? T : never
}

export const need = <T>(read: Read<T>): Field<T> => ({ read, required: true })
export const may = <T>(read: Read<T>): Field<T | undefined> => ({ read, required: false })
export const mayClear = <T>(read: Read<T>): Field<T | null | undefined> => ({
  read,
  required: false,
  clears: true,
})

/** An object with these members; those that are absent are undefined. */
export function record<F extends Fields>(fields: F): Read<Values<F>> {
  const entries = Object.entries(fields)
  return (value, path) => {
    const source = plain(value, path)
    const out: Record<string, unknown> = {}
    for (const [name, { read, required, clears }] of entries) {
      const at = path === '' ? name : `${path}.${name}`
      const found = Object.hasOwn(source, name) ? source[name] : undefined
      if (found === null && clears) out[name] = null
      else if (found !== undefined && found !== null) out[name] = read(found, at)
      else if (required) invalid(at, 'a value')
    }
    return out as Values<F>
  }
}

/** Only what is there, for inputs whose properties are optional. */
export const present = <T extends object>(
  values: T,
): { [N in keyof T]?: Exclude<T[N], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

export function plain(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(path || 'of the request', 'an object')
  return value as Readonly<Record<string, unknown>>
}

export const text =
  (max: number, min = 0): Read<string> =>
  (value, path) =>
    typeof value === 'string' && value.length >= min && value.length <= max && value.isWellFormed()
      ? value
      : invalid(path, `a string of ${min} to ${max} characters`)

/** One of these words, in their own case. */
export const words =
  <const W extends string>(...names: readonly W[]): Read<W> =>
  (value, path) =>
    names.find((name) => name === value) ?? invalid(path, `one of ${names.join(', ')}`)

/** The same in whichever case. */
export const anyCase =
  <const W extends string>(...names: readonly W[]): Read<W> =>
  (value, path) =>
    names.find((name) => name.toLowerCase() === String(value).toLowerCase()) ??
    invalid(path, `one of ${names.join(', ')}`)

export const integer =
  (min: number, max: number): Read<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : invalid(path, `an integer from ${min} to ${max}`)

export const flag: Read<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : invalid(path, 'true or false')

/** The end of the year 9999. */
const SECONDS_MAX = 253_402_300_799

/**
 * Seconds since 1970. The JavaScript client makes negative ones of dates after 2038 (contracts: Azure
 * 2): better refused than taken for what is long past.
 */
export const time: Read<Date> = (value, path) =>
  new Date(integer(0, SECONDS_MAX)(value, path) * 1000)

/** Bytes in base64url; padding may come along. */
export const bytes =
  (maxBytes: number): Read<Uint8Array> =>
  (value, path) => {
    const letters = typeof value === 'string' ? value.replace(/={1,2}$/, '') : ''
    if (typeof value !== 'string' || letters.length > Math.ceil((maxBytes * 4) / 3))
      invalid(path, `base64url of at most ${maxBytes} bytes`)
    return fromBase64url(letters) ?? invalid(path, 'base64url')
  }

export const list =
  <T>(of: Read<T>, max: number): Read<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > max) invalid(path, `at most ${max} values`)
    return (value as readonly unknown[]).map((each, i) => of(each, `${path}[${i}]`))
  }

const TAGS_MAX = 15
const TAG_LENGTH_MAX = 256

/** Contracts: Azure 1. */
export const tags: Read<Readonly<Record<string, string>>> = (value, path) => {
  const entries = Object.entries(plain(value, path))
  if (entries.length > TAGS_MAX) invalid(path, `at most ${TAGS_MAX} tags`)
  const [name, content] = [text(TAG_LENGTH_MAX, 1), text(TAG_LENGTH_MAX)]
  return Object.fromEntries(
    entries.map(([key, each]) => [name(key, `${path} name`), content(each, `${path}.${key}`)]),
  )
}
