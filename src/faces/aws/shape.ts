/**
 * Shapes of requests (contracts: AWS 4, 17): what members there are, their types and bounds. The
 * official SDK sends whatever it is given, so every bound is checked here, with the service's own
 * texts.
 */
import { KmsFault } from './errors.ts'

interface Bounded {
  readonly min?: number
  readonly max?: number
}
export interface TextType extends Bounded {
  readonly type: 'text'
  /** The whole text has to match. */
  readonly pattern?: RegExp
  /** The pattern as the service shows it. */
  readonly shown?: string
  readonly whole?: RegExp
  readonly words?: readonly string[]
  /** Never shown, not even to who sent it. */
  readonly secret?: true
}
export interface IntType extends Bounded {
  readonly type: 'int'
}
export interface BlobType extends Bounded {
  readonly type: 'blob'
}
export interface ListType<T extends Type = Type> extends Bounded {
  readonly type: 'list'
  readonly of: T
}
export interface StructureType<S extends Shape = Shape> {
  readonly type: 'structure'
  readonly shape: S
}
export type Type =
  | TextType
  | IntType
  | BlobType
  | ListType
  | StructureType
  | { readonly type: 'flag' }
  | { readonly type: 'time' }
  /** Strings by name. */
  | { readonly type: 'map' }

export interface Member<T extends Type = Type, R extends boolean = boolean> {
  readonly of: T
  readonly required: R
}
export type Shape = Readonly<Record<string, Member>>

type ValueOf<T extends Type> = T extends { type: 'text'; words: readonly (infer W)[] }
  ? W
  : T extends { type: 'text' }
    ? string
    : T extends { type: 'int' }
      ? number
      : T extends { type: 'flag' }
        ? boolean
        : T extends { type: 'blob' }
          ? Uint8Array
          : T extends { type: 'time' }
            ? Date
            : T extends { type: 'map' }
              ? Readonly<Record<string, string>>
              : T extends ListType<infer E>
                ? readonly ValueOf<E>[]
                : T extends StructureType<infer S>
                  ? Values<S>
                  : never
/** What an operation gets: what is absent is undefined. */
export type Values<S extends Shape> = {
  readonly [N in keyof S]: S[N] extends Member<infer T, infer R>
    ? R extends true
      ? ValueOf<T>
      : ValueOf<T> | undefined
    : never
}

export const need = <const T extends Type>(of: T): Member<T, true> => ({ of, required: true })
export const may = <const T extends Type>(of: T): Member<T, false> => ({ of, required: false })

/** @param shown the pattern as the service writes it, where its escapes differ */
export const text = (min: number, max: number, pattern?: RegExp, shown = pattern?.source ?? '') =>
  ({ type: 'text', min, max, ...(pattern && { pattern, shown, whole: wholly(pattern) }) }) as const
const wholly = ({ source }: RegExp): RegExp => new RegExp(`^(?:${source})$`)
export const secret = (min: number, max: number) =>
  ({ type: 'text', min, max, secret: true }) as const
/** A secret of certain letters. */
export const secretOf = (min: number, max: number, pattern: RegExp) =>
  ({ ...text(min, max, pattern), secret: true }) as const
export const words = <const W extends readonly string[]>(...names: W) =>
  ({ type: 'text', words: names }) as { readonly type: 'text'; readonly words: W }
export const int = (min: number, max: number) => ({ type: 'int', min, max }) as const
export const blob = (min: number, max: number) => ({ type: 'blob', min, max }) as const
export const list = <const T extends Type>(of: T, min = 0, max = Infinity) =>
  ({ type: 'list', of, min, max }) as const
export const structure = <const S extends Shape>(shape: S) =>
  ({ type: 'structure', shape }) as const
export const flag = { type: 'flag' } as const
export const time = { type: 'time' } as const
export const map = { type: 'map' } as const

/** How a transport writes what JSON has no type for. */
export interface Codec {
  /** Whether bytes that it reads are its own, so that secrets among them are wiped after use. */
  readonly owns: boolean
  /** Undefined when it is none. */
  readonly blob: (value: unknown) => Uint8Array | undefined
  readonly time: (value: unknown) => Date | undefined
}

/** A member as texts name it: `keyId`, `tags.1.member.tagKey`. */
const lowerCamel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** Types that are wrong are no faults of validation: the service cannot read such a request at all. */
export const unreadable = (message = ''): KmsFault =>
  new KmsFault('SerializationException', message)

interface Reading {
  readonly codec: Codec
  readonly violations: string[]
}

function violate(reading: Reading, value: string, path: string, constraint: string): void {
  reading.violations.push(
    `Value ${value}at '${path}' failed to satisfy constraint: Member must ${constraint}`,
  )
}

/** Stands for what is never shown. */
const HIDDEN = Symbol('hidden')
const shown = (value: unknown): string => (value === HIDDEN ? '' : `'${String(value)}' `)

function checkBounds(
  reading: Reading,
  measure: 'length' | 'value',
  size: number,
  { min = 0, max = Infinity }: Bounded,
  value: unknown,
  path: string,
): void {
  if (size >= min && size <= max) return
  const bound = size < min ? `greater than or equal to ${min}` : `less than or equal to ${max}`
  violate(reading, shown(value), path, `have ${measure} ${bound}`)
}

type Readers = {
  readonly [K in Type['type']]: (
    reading: Reading,
    type: Extract<Type, { type: K }>,
    value: unknown,
    path: string,
  ) => unknown
}

function readText(reading: Reading, type: TextType, value: unknown, path: string): string {
  if (typeof value !== 'string') throw unreadable()
  const told = type.secret ? HIDDEN : value
  checkBounds(reading, 'length', value.length, type, told, path)
  if (type.words && !type.words.includes(value))
    violate(reading, shown(told), path, `satisfy enum value set: [${type.words.join(', ')}]`)
  if (type.pattern && !type.whole?.test(value))
    violate(reading, shown(told), path, `satisfy regular expression pattern: ${type.shown}`)
  return value
}

const READERS: Readers = {
  text: readText,
  int: (reading, type, value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw unreadable()
    const whole = Math.trunc(value)
    checkBounds(reading, 'value', whole, type, whole, path)
    return whole
  },
  flag: (_, __, value) => {
    if (typeof value !== 'boolean') throw unreadable()
    return value
  },
  time: ({ codec }, _, value) => {
    const time = codec.time(value)
    if (!time || Number.isNaN(time.getTime())) throw unreadable()
    return time
  },
  blob: (reading, type, value, path) => {
    const bytes = reading.codec.blob(value)
    if (!bytes) throw unreadable()
    checkBounds(reading, 'length', bytes.length, type, HIDDEN, path)
    return bytes
  },
  map: (_, __, value) => {
    const out: Record<string, string> = {}
    for (const [name, each] of Object.entries(plain(value))) {
      if (typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean')
        throw unreadable()
      // The service makes strings of numbers and flags (contracts: AWS 8.1).
      const text = typeof each === 'string' ? each : String(each)
      if (name === '__proto__') Object.defineProperty(out, name, { value: text, enumerable: true })
      else out[name] = text
    }
    return out
  },
  list: (reading, type, value, path) => {
    if (!Array.isArray(value)) throw unreadable()
    const items = value.filter((each) => each !== null && each !== undefined)
    checkBounds(reading, 'length', items.length, type, `[${items.join(', ')}]`, path)
    return items.map((each, i) => read(reading, type.of, each, `${path}.${i + 1}.member`))
  },
  structure: (reading, { shape }, value, path) => readShape(reading, shape, value, path),
}

const read = (reading: Reading, type: Type, value: unknown, path: string): unknown =>
  (READERS[type.type] as Readers['text'])(reading, type as TextType, value, path)

function plain(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable()
  return value as Readonly<Record<string, unknown>>
}

interface Line extends Member {
  readonly name: string
  readonly camel: string
}
/** Shapes as lists, which are read faster. */
const LINES = new WeakMap<Shape, readonly Line[]>()

function linesOf(shape: Shape): readonly Line[] {
  const known = LINES.get(shape)
  if (known) return known
  const lines = Object.entries(shape).map(([name, { of, required }]) => ({
    name,
    camel: lowerCamel(name),
    of,
    required,
  }))
  LINES.set(shape, lines)
  return lines
}

function readShape(reading: Reading, shape: Shape, value: unknown, path: string): object {
  const source = plain(value)
  const out: Record<string, unknown> = {}
  for (const { name, camel, of, required } of linesOf(shape)) {
    const found = Object.hasOwn(source, name) ? source[name] : undefined
    if (found !== undefined && found !== null)
      out[name] = read(reading, of, found, join(path, camel))
    else if (required) violate(reading, 'null ', join(path, camel), 'not be null')
  }
  return out
}

/**
 * A request as its shape says; unknown members are ignored, `null` is absence.
 * @throws ValidationException with every violation; SerializationException for a wrong type
 */
export function readRequest<S extends Shape>(shape: S, source: unknown, codec: Codec): Values<S> {
  const violations: string[] = []
  const values = readShape({ codec, violations }, shape, source, '')
  if (violations.length > 0) {
    const s = violations.length === 1 ? '' : 's'
    const text = `${violations.length} validation error${s} detected: ${violations.join('; ')}`
    throw new KmsFault('ValidationException', text)
  }
  return values as Values<S>
}
