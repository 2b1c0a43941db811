/**
 * Reads input that nobody has checked yet against a table of fields. Every refusal is
 * INVALID_ARGUMENT with the path, what was expected and what came; nothing that the caller can hand
 * in (getters that throw, proxies, `__proto__`) escapes as another kind of error. Answers fresh
 * plain data: later changes by the caller do not reach us.
 */
import { describe, invalidArgument, StrongroomError } from './errors.ts'

/** How to read one value. The public properties describe it, for documentation and for fuzzing. */
export interface Field {
  readonly type: string
  readonly optional?: boolean
  readonly options?: readonly string[]
  readonly read: (value: unknown, path: string) => unknown
}
export type Schema = Readonly<Record<string, Field>>

const field = (type: string, read: Field['read'], extra: Partial<Field> = {}): Field => ({
  type,
  read,
  ...extra,
})

export const optional = (inner: Field): Field => ({ ...inner, optional: true })

/** `null` is a value of its own (it clears). */
export const nullable = (inner: Field): Field => ({
  ...inner,
  type: `${inner.type} or null`,
  read: (value, path) => (value === null ? null : inner.read(value, path)),
})

/** A well-formed string of `min` to `max` characters, matching `pattern` when given. */
export function text(min: number, max: number, pattern?: RegExp, what?: string): Field {
  const type = what ?? `a well-formed string of ${min} to ${max} characters`
  return field(type, (value, path) => {
    if (
      typeof value !== 'string' ||
      value.length < min ||
      value.length > max ||
      !value.isWellFormed()
    )
      invalidArgument(path, type, value)
    if (pattern && !pattern.test(value)) invalidArgument(path, type, value)
    return value
  })
}

export function bytes(min: number, max: number): Field {
  const type = min === max ? `${min} bytes` : `${min} to ${max} bytes`
  return field(type, (value, path) => {
    if (!(value instanceof Uint8Array) || !ArrayBuffer.isView(value))
      invalidArgument(path, type, value)
    if (value.length < min || value.length > max) invalidArgument(path, type, value)
    return new Uint8Array(value)
  })
}

export function integer(min: number, max: number): Field {
  const type = `an integer from ${min} to ${max}`
  return field(type, (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      invalidArgument(path, type, value)
    return value
  })
}

export function bigint(min: bigint): Field {
  const type = `a bigint of ${min} or more`
  return field(type, (value, path) =>
    typeof value === 'bigint' && value >= min && value < 1n << 64n
      ? value
      : invalidArgument(path, type, value),
  )
}

/** An array of the caller's own objects, kept as they are: those with these methods. */
export function ports(type: string, ...methods: readonly string[]): Field {
  const fits = (item: unknown): boolean =>
    typeof item === 'object' &&
    item !== null &&
    methods.every((name) => typeof (item as Record<string, unknown>)[name] === 'function')
  return field(type, (value, path) =>
    Array.isArray(value) && value.every(fits)
      ? [...(value as unknown[])]
      : invalidArgument(path, type, value),
  )
}

/** One of the caller's own objects, kept as it is: one with these methods. */
export function port(...methods: readonly string[]): Field {
  const type = `an object with the methods ${methods.join(', ')}`
  return field(type, (value, path) => {
    const methodOf = (name: string): unknown =>
      typeof value === 'object' && value !== null && (value as Record<string, unknown>)[name]
    if (methods.every((name) => typeof methodOf(name) === 'function')) return value
    return invalidArgument(path, type, value)
  })
}

/** Kept as it is: it is the caller's to hear. */
export const callback: Field = field('a function', (value, path) =>
  typeof value === 'function' ? value : invalidArgument(path, 'a function', value),
)

/** Kept as it is: it is the caller's to abort. */
export const signal: Field = field('an AbortSignal', (value, path) =>
  value instanceof AbortSignal ? value : invalidArgument(path, 'an AbortSignal', value),
)

export const boolean: Field = field('true or false', (value, path) =>
  typeof value === 'boolean' ? value : invalidArgument(path, 'true or false', value),
)

/** Years 1970 to 9999: what every wire format of the clouds can carry. */
const TIME_MAX = Date.UTC(9999, 11, 31)
export const date: Field = field('a valid Date', (value, path) => {
  const time = value instanceof Date ? Date.prototype.getTime.call(value) : Number.NaN
  if (!(time >= 0 && time <= TIME_MAX))
    invalidArgument(path, 'a valid Date from 1970 to 9999', value)
  return new Date(time)
})

export function oneOf(options: readonly string[]): Field {
  const type = `one of ${options.join(', ')}`
  return field(
    type,
    (value, path) =>
      typeof value === 'string' && options.includes(value)
        ? value
        : invalidArgument(path, type, value),
    { options },
  )
}

export function list(inner: Field, max: number, unique = true): Field {
  const type = `an array of at most ${max}: ${inner.type}`
  return field(type, (value, path) => {
    if (!Array.isArray(value) || value.length > max) invalidArgument(path, type, value)
    const items = Array.from(value as unknown[], (item, i) => inner.read(item, `${path}[${i}]`))
    if (unique && new Set(items).size !== items.length)
      invalidArgument(path, 'no repetition', value)
    return items
  })
}

/**
 * A plain object of strings; names that begin with `__proto__` and the like are data, never
 * structure.
 */
export function stringMap(max: number, name: Field, content: Field): Field {
  const type = `a plain object of at most ${max} pairs of strings`
  return field(type, (value, path) => {
    const pairs = Object.entries(plainObject(value, path, type))
    if (pairs.length > max) invalidArgument(path, type, value)
    return Object.fromEntries(
      pairs.map(([key, item]) => [
        name.read(key, `${path} name`),
        content.read(item, `${path}[...]`),
      ]),
    )
  })
}

/** Any JSON value of bounded depth and size. */
export function json(depthMax: number, sizeMax: number): Field {
  const type = `a JSON value at most ${depthMax} deep and ${sizeMax} characters long`
  return field(type, (value, path) => {
    let budget = sizeMax
    const walk = (item: unknown, depth: number): unknown => {
      budget -= typeof item === 'string' ? item.length + 2 : 8
      if (depth > depthMax || budget < 0) invalidArgument(path, type, value)
      if (item === null || typeof item === 'boolean') return item
      if (typeof item === 'number' && Number.isFinite(item)) return item
      if (typeof item === 'string' && item.isWellFormed()) return item
      if (Array.isArray(item)) return Array.from(item as unknown[], (each) => walk(each, depth + 1))
      const entries = Object.entries(plainObject(item, path, type))
      return Object.fromEntries(
        entries.map(([key, each]) => [walk(key, depth + 1) as string, walk(each, depth + 1)]),
      )
    }
    return walk(value, 0)
  })
}

/** Namespaces of names of JSON values (OCI's defined tags). */
export function definedMap(max: number, content: Field): Field {
  const type = `a plain object of at most ${max} plain objects`
  return field(type, (value, path) => {
    const entries = Object.entries(plainObject(value, path, type))
    if (entries.length > max) invalidArgument(path, type, value)
    for (const [name, item] of entries) {
      text(1, 255).read(name, `${path} name`)
      plainObject(item, `${path}[...]`, type)
    }
    return content.read(value, path)
  })
}

/**
 * An object of declared fields; unknown names are refused, so that a misspelt `context` is never
 * ignored.
 */
export function object(schema: Schema): Field {
  const names = Object.keys(schema)
  const type = `an object with ${names.join(', ')}`
  return field(type, (value, path) => {
    const source = plainObject(value, path, type)
    for (const name of Object.keys(source))
      if (!Object.hasOwn(schema, name))
        invalidArgument(path === '' ? 'input' : path, `only ${names.join(', ')}`, name.slice(0, 40))
    const out: Record<string, unknown> = {}
    for (const name of names) {
      const item = source[name]
      const { optional: absent, read } = schema[name]!
      if (item !== undefined) out[name] = read(item, path === '' ? name : `${path}.${name}`)
      else if (!absent)
        invalidArgument(path === '' ? name : `${path}.${name}`, schema[name]!.type, item)
    }
    return out
  })
}

function plainObject(value: unknown, path: string, expected: string): Record<string, unknown> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value)
  )
    invalidArgument(path === '' ? 'input' : path, expected, value)
  return value as Record<string, unknown>
}

/** Reads a whole input; whatever a hostile object throws becomes INVALID_ARGUMENT. */
export function readInput(schema: Field, input: unknown): unknown {
  try {
    return schema.read(input ?? {}, '')
  } catch (cause) {
    if (cause instanceof StrongroomError) throw cause
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      `input: expected readable plain data, got ${safe(input)}.`,
    )
  }
}

function safe(value: unknown): string {
  try {
    return describe(value)
  } catch {
    return 'an object that cannot be read'
  }
}
