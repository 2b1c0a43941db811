/**
 * Typed fields of records. A record is a CBOR map from field numbers to values; the table of a
 * record names number, type and whether it may be absent, and the compiler checks the table against
 * the interface.
 */
import { assert } from '../base/assert.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CborReader } from './cbor-read.ts'
import type { CborWriter } from './cbor-write.ts'
import { MAJOR, SIMPLE, sortedKeys } from './cbor-write.ts'
import type { Json } from '../domain/records.ts'
import { readArray, readJson, readMap, writeValue } from './value.ts'

/** How one type is written and read. Both directions refuse what is not of the type. */
export interface Codec<T> {
  /** Its name on the page of the format. */
  readonly type: string
  readonly write: (writer: CborWriter, value: unknown) => void
  readonly read: (reader: CborReader) => T
}

/** One field: its number in the map (never reused), its type, and whether it may be absent. */
export interface Field<T, Optional extends boolean> {
  readonly number: number
  readonly codec: Codec<T>
  readonly optional: Optional
}

/**
 * A table with exactly the members of `T`, each of its type and optional exactly where `T` says so.
 */
export type FieldsOf<T> = {
  readonly [N in keyof T]-?: Field<
    Exclude<T[N], undefined>,
    Partial<T> extends Pick<T, N> ? true : false
  >
}

export const field = <T>(number: number, codec: Codec<T>): Field<T, false> => ({
  number,
  codec,
  optional: false,
})
export const optional = <T>(number: number, codec: Codec<T>): Field<T, true> => ({
  number,
  codec,
  optional: true,
})

/**
 * Our own mistake: the engine gave a record that does not fit its table. The message names no
 * content.
 */
const mistake = (type: string): never => {
  throw new StrongroomError('INTERNAL', `Assertion failed: a record field of type ${type}.`)
}

export const uuid: Codec<string> = {
  type: 'id',
  write: (writer, value) => {
    if (typeof value !== 'string' || !writer.uuid(value)) mistake('lower-case UUID')
  },
  read: (reader) => reader.uuid(),
}

export const text: Codec<string> = {
  type: 'text',
  write: (writer, value) => {
    writer.text(typeof value === 'string' ? value : mistake('text'))
  },
  read: (reader) => reader.text(),
}

/** A safe integer from 0 on. */
export const count: Codec<number> = {
  type: 'count',
  write: (writer, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) mistake('count')
    writer.integer(value as number)
  },
  read: (reader) => reader.uint(),
}

/** Milliseconds since the epoch, whole, of either sign. */
export const time: Codec<number> = {
  type: 'time',
  write: (writer, value) => {
    if (!Number.isSafeInteger(value)) mistake('time')
    writer.integer(value as number)
  },
  read: (reader) => reader.integer(),
}

export const flag: Codec<boolean> = {
  type: 'boolean',
  write: (writer, value) => {
    if (typeof value !== 'boolean') mistake('boolean')
    writer.byte(value ? SIMPLE.true : SIMPLE.false)
  },
  read: (reader) => reader.boolean(),
}

/** Bytes, of exactly this length when one is given. */
export const bytes = (length?: number): Codec<Uint8Array> => {
  const type = length === undefined ? 'bytes' : `${length} bytes`
  const fits = (value: Uint8Array) => length === undefined || value.length === length
  return {
    type,
    write: (writer, value) => {
      const right = value instanceof Uint8Array && fits(value)
      writer.bytes(right ? value : mistake(type))
    },
    read: (reader) => {
      const value = reader.bytes()
      return fits(value) ? value : reader.refuse(`a field of ${length} bytes`)
    },
  }
}

/** One of the listed words. */
export const oneOf = <T extends string>(words: readonly T[]): Codec<T> => {
  const fits = (value: unknown): value is T => words.includes(value as T)
  return {
    type: words.join(' / '),
    write: (writer, value) => writer.text(fits(value) ? value : mistake('listed word')),
    read: (reader) => {
      const value = reader.text()
      return fits(value) ? value : reader.refuse('a known word')
    },
  }
}

export const listOf = <T>(item: Codec<T>): Codec<readonly T[]> => ({
  type: `list of ${item.type}`,
  write: (writer, value) => {
    const items: readonly unknown[] = Array.isArray(value) ? value : mistake('list')
    writer.head(MAJOR.array, items.length)
    for (const each of items) item.write(writer, each)
  },
  read: (reader) => readArray(reader, item.read),
})

const asObject = (value: unknown, type: string): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : mistake(type)

/** Any names to values of one type. */
export const mapOf = <T>(item: Codec<T>): Codec<Readonly<Record<string, T>>> => ({
  type: `map of ${item.type}`,
  write: (writer, value) => {
    const map = asObject(value, 'map')
    const names = sortedKeys(map)
    writer.head(MAJOR.map, names.length)
    for (const name of names) {
      writer.text(name)
      item.write(writer, map[name])
    }
  },
  read: (reader) => readMap(reader, item.read) as Readonly<Record<string, T>>,
})

export const json: Codec<Json> = {
  type: 'JSON',
  write: (writer, value) => writeValue(writer, value, false),
  read: readJson,
}

/** A field with its name. */
export type Row = readonly [name: string, field: Field<unknown, boolean>]

function writeRows(writer: CborWriter, rows: readonly Row[], value: unknown): void {
  const record = asObject(value, 'object')
  let present = 0
  for (const [name] of rows) if (record[name] !== undefined) present++
  writer.head(MAJOR.map, present)
  for (const [name, { number, codec, optional: absent }] of rows) {
    const member = record[name]
    if (member !== undefined) {
      writer.head(MAJOR.uint, number)
      codec.write(writer, member)
    } else if (!absent) mistake(`required: ${name}`)
  }
  if (members(record) !== present) mistake('known')
}

function members(record: Readonly<Record<string, unknown>>): number {
  let present = 0
  for (const name of Object.keys(record)) if (record[name] !== undefined) present++
  return present
}

/** No field has this number. */
const NONE = -1
const nextNumber = (reader: CborReader, left: number): number => (left > 0 ? reader.uint() : NONE)

/**
 * Rows and encoded fields both ascend by number: one pass finds missing, unknown, repeated and
 * unsorted ones.
 */
function readRows(reader: CborReader, rows: readonly Row[]): Readonly<Record<string, unknown>> {
  const record: Record<string, unknown> = {}
  let left = reader.head(MAJOR.map)
  let next = nextNumber(reader, left)
  for (const [name, { number, codec, optional: absent }] of rows) {
    if (next === number) {
      record[name] = codec.read(reader)
      next = nextNumber(reader, --left)
    } else if (!absent) reader.refuse('every required field')
  }
  return left === 0 ? Object.freeze(record) : reader.refuse('known fields only')
}

/** An object by its table of fields; `type` names it. */
export interface ObjectCodec<T> extends Codec<T> {
  readonly rows: readonly Row[]
}

export function objectOf<T>(type: string, fields: FieldsOf<T>): ObjectCodec<T> {
  const entries = Object.entries(fields) as Row[]
  const rows = entries.sort(([, a], [, b]) => a.number - b.number)
  const numbers = new Set(rows.map(([, { number }]) => number))
  assert(numbers.size === rows.length, 'field numbers are distinct')
  return {
    type,
    rows,
    write: (writer, value) => writeRows(writer, rows, value),
    read: (reader) => readRows(reader, rows) as T,
  }
}
