/**
 * How values on the wire are read: one reader per kind, objects from tables of readers. The service
 * is lenient where its own clients are careless (contracts: OCI 2): numbers and booleans may come as
 * strings, unknown properties are ignored, `null` is absence, base64 may lack its padding.
 */
import { invalid, missing } from './errors.ts'

/** Reads one value that is there. */
export type Read<T> = (value: unknown, path: string) => T
export interface Field<T> {
  readonly read: Read<T>
  readonly required: boolean
}
export type Fields = Readonly<Record<string, Field<unknown>>>
export type Values<F extends Fields> = {
  readonly [N in keyof F]: F[N] extends Field<infer T> ? T : never
}

export const need = <T>(read: Read<T>): Field<T> => ({ read, required: true })
export const may = <T>(read: Read<T>): Field<T | undefined> => ({ read, required: false })

/** An object with these properties; those that are absent are undefined. */
export function record<F extends Fields>(fields: F): Read<Values<F>> {
  const entries = Object.entries(fields)
  return (value, path) => {
    const source = plain(value, path === '' ? 'body' : path)
    const out: Record<string, unknown> = {}
    for (const [name, { read, required }] of entries) {
      const at = path === '' ? name : `${path}.${name}`
      const found = Object.hasOwn(source, name) ? source[name] : undefined
      if (found !== undefined && found !== null) out[name] = read(found, at)
      else if (required) missing(at)
    }
    return out as Values<F>
  }
}

/** Only what is there, for inputs whose properties are optional. */
export const present = <T extends object>(
  values: T,
): { [N in keyof T]?: Exclude<T[N], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

function plain(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(path, 'an object')
  return value as Readonly<Record<string, unknown>>
}

export const text =
  (min: number, max: number): Read<string> =>
  (value, path) =>
    typeof value === 'string' && value.length >= min && value.length <= max && value.isWellFormed()
      ? value
      : invalid(path, `a string of ${min} to ${max} characters`)

/** A word of OCI, and what it means to us. */
export const word =
  <T>(words: Readonly<Record<string, T>>): Read<T> =>
  (value, path) =>
    typeof value === 'string' && Object.hasOwn(words, value)
      ? words[value]!
      : invalid(path, `one of ${Object.keys(words).join(', ')}`)

/** Words that mean themselves. */
export const words = <W extends string>(...names: readonly W[]): Read<W> =>
  word(Object.fromEntries(names.map((name) => [name, name])) as Record<string, W>)

export const integer =
  (min: number, max: number): Read<number> =>
  (value, path) => {
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
      ? number
      : invalid(path, `an integer from ${min} to ${max}`)
  }

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
])
export const flag: Read<boolean> = (value, path) =>
  FLAGS.get(value) ?? invalid(path, 'true or false')

/** Any date-time of RFC 3339 section 5.6; what is finer than a millisecond is cut off. */
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/
export const time: Read<Date> = (value, path) => {
  const [, day, clock, fraction = '', zone] = RFC_3339.exec(String(value)) ?? []
  const ms = fraction.padEnd(3, '0').slice(0, 3)
  const date = new Date(`${day}T${clock}.${ms}${zone?.toUpperCase()}`)
  return Number.isNaN(date.getTime()) ? invalid(path, 'a date-time of RFC 3339') : date
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** Values of the letters of base64 by character code. */
const VALUES = new Uint8Array(128)
Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').forEach(
  (letter, value) => (VALUES[letter.charCodeAt(0)] = value),
)

/** Bytes in base64, up to so many; the padding may be missing (contracts: OCI 2). */
export const base64 =
  (maxBytes: number): Read<Uint8Array> =>
  (value, path) => {
    if (typeof value !== 'string' || !BASE64.test(value)) invalid(path, 'base64')
    const letters = value.endsWith('=') ? value.replace(/=+$/, '') : value
    if (letters.length % 4 === 1) invalid(path, 'base64')
    const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4))
    if (bytes.length > maxBytes) invalid(path, `at most ${maxBytes} bytes`)
    let buffer = 0
    let bits = 0
    let at = 0
    for (let i = 0; i < letters.length; i++) {
      buffer = ((buffer << 6) | VALUES[letters.charCodeAt(i)]!) & 0x3fff
      bits += 6
      if (bits < 8) continue
      bits -= 8
      bytes[at++] = (buffer >>> bits) & 0xff
    }
    return bytes
  }

/** Names and strings, in whatever number; the room has the bounds. */
export const textMap: Read<Readonly<Record<string, string>>> = (value, path) => {
  const source = plain(value, path)
  for (const name in source) if (typeof source[name] !== 'string') invalid(path, 'strings by name')
  return source as Readonly<Record<string, string>>
}
