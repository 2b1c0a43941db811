/**
 * Generic values in deterministic CBOR: JSON data for records, and for the answers of retry tokens
 * also bytes and dates. Layout: docs/formats/records.md, "Values".
 */
import { invalidArgument } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import type { Json } from '../domain/records.ts'
import { CborReader } from './cbor-read.ts'
import { MAJOR, SIMPLE, encodeWith, sortedKeys } from './cbor-write.ts'
import type { CborWriter } from './cbor-write.ts'

/** JSON of the deepest kind, and the resource and answer around it. */
export const VALUE_DEPTH_MAX = 2 * LIMITS.jsonDepthMax

/** RFC 9581: extended time, here always {1: whole seconds, -3: milliseconds}. */
const TAG_TIME = 1001
const KEY_SECONDS = 1
const KEY_MILLISECONDS = -3
const TIME_PAIRS = 2
const SECOND_MS = 1000
/** The range of Date (ECMA-262, "Time Values"). */
const DATE_MS_MAX = 8.64e15

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function writeDate(writer: CborWriter, date: Date): void {
  const time = date.getTime()
  if (Number.isNaN(time)) invalidArgument('value', 'a valid date', date)
  const seconds = Math.floor(time / SECOND_MS)
  writer.head(MAJOR.tag, TAG_TIME)
  writer.head(MAJOR.map, TIME_PAIRS)
  writer.integer(KEY_SECONDS)
  writer.integer(seconds)
  writer.integer(KEY_MILLISECONDS)
  writer.integer(time - seconds * SECOND_MS)
}

function readDate(reader: CborReader): Date {
  if (reader.head(MAJOR.tag) !== TAG_TIME) reader.refuse('tag 1001')
  if (reader.head(MAJOR.map) !== TIME_PAIRS || reader.integer() !== KEY_SECONDS)
    reader.refuse('seconds and milliseconds')
  const seconds = reader.integer()
  if (reader.integer() !== KEY_MILLISECONDS) reader.refuse('seconds and milliseconds')
  const milliseconds = reader.uint()
  const time = seconds * SECOND_MS + milliseconds
  if (milliseconds >= SECOND_MS || Math.abs(time) > DATE_MS_MAX) reader.refuse('a valid date')
  return Object.freeze(new Date(time))
}

function writeObject(writer: CborWriter, object: object, rich: boolean, depth: number): void {
  if (!isPlain(object)) invalidArgument('value', 'plain data', object)
  const values = object as Readonly<Record<string, unknown>>
  const keys = sortedKeys(object).filter((key) => values[key] !== undefined)
  writer.head(MAJOR.map, keys.length)
  for (const key of keys) {
    writer.text(key)
    writeValue(writer, values[key], rich, depth)
  }
}

function writeComposite(writer: CborWriter, value: object, rich: boolean, depth: number): void {
  if (depth > VALUE_DEPTH_MAX)
    invalidArgument('value', `at most ${VALUE_DEPTH_MAX} levels of nesting`, value)
  if (Array.isArray(value)) {
    writer.head(MAJOR.array, value.length)
    for (const item of value as readonly unknown[]) writeValue(writer, item, rich, depth)
  } else if (rich && value instanceof Uint8Array) writer.bytes(value)
  else if (rich && value instanceof Date) writeDate(writer, value)
  else writeObject(writer, value, rich, depth)
}

/**
 * Writes null, booleans, finite numbers, texts, arrays and plain objects; when `rich` also bytes
 * and dates.
 */
export function writeValue(writer: CborWriter, value: unknown, rich: boolean, depth = 0): void {
  if (typeof value === 'string') writer.text(value)
  else if (typeof value === 'number') writer.number(value)
  else if (typeof value === 'boolean') writer.byte(value ? SIMPLE.true : SIMPLE.false)
  else if (value === null) writer.byte(SIMPLE.null)
  else if (typeof value === 'object') writeComposite(writer, value, rich, depth + 1)
  else invalidArgument('value', 'plain data', value)
}

/** Sets an own property, of an object that is frozen afterwards, even when it is named `__proto__`. */
function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true })
  else target[name] = value
}

/**
 * A frozen object of the pairs of the next map. Nothing is set aside for pairs that are not there.
 */
export function readMap(
  reader: CborReader,
  readItem: (reader: CborReader) => unknown,
): Readonly<Record<string, unknown>> {
  const count = reader.head(MAJOR.map)
  const object: Record<string, unknown> = {}
  let previous = -1
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const name = reader.keyAfter(previous)
    previous = start
    setOwn(object, name, readItem(reader))
  }
  return Object.freeze(object)
}

/**
 * A frozen array of the items of the next array; it grows as they come, whatever their declared
 * number.
 */
export function readArray<T>(
  reader: CborReader,
  readItem: (reader: CborReader) => T,
): readonly T[] {
  const count = reader.head(MAJOR.array)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(readItem(reader))
  return Object.freeze(items)
}

type ReadValue = (reader: CborReader, rich: boolean, depth: number) => unknown

const deeper =
  (read: (reader: CborReader, item: (reader: CborReader) => unknown) => unknown): ReadValue =>
  (reader, rich, depth) => {
    if (depth >= VALUE_DEPTH_MAX) reader.refuse(`at most ${VALUE_DEPTH_MAX} levels of nesting`)
    return read(reader, (inner) => readValue(inner, rich, depth + 1))
  }

const readSimple: ReadValue = (reader) => {
  const first = reader.peek()
  if (first >= SIMPLE.half) return reader.float()
  if (first !== SIMPLE.null) return reader.boolean()
  reader.skip()
  return null
}

const onlyRich =
  (read: (reader: CborReader) => unknown): ReadValue =>
  (reader, rich) =>
    rich ? read(reader) : reader.refuse('JSON data')

/** By major type (RFC 8949 section 3.1). */
const READ: readonly ReadValue[] = [
  (reader) => reader.uint(),
  (reader) => reader.integer(),
  onlyRich((reader) => reader.bytes()),
  (reader) => reader.text(),
  deeper(readArray),
  deeper(readMap),
  onlyRich(readDate),
  readSimple,
]

export const readValue: ReadValue = (reader, rich, depth) =>
  READ[reader.peek() >>> 5]!(reader, rich, depth)

export const readJson = (reader: CborReader): Json => readValue(reader, false, 0) as Json

const VALUE_VERSION = 1

/**
 * Canonical bytes of plain data: equal data gives equal bytes whatever the order of its members.
 * Members that are undefined are left out, as if absent.
 * @throws INVALID_ARGUMENT for functions, symbols, bigints, class instances, cycles, NaN, infinities, lone surrogates.
 */
export const encodeValue = (value: unknown): Uint8Array =>
  encodeWith((writer) => {
    writer.byte(VALUE_VERSION)
    writeValue(writer, value, true)
  })

/** Deeply frozen plain data. @throws INTEGRITY for anything that `encodeValue` does not make. */
export function decodeValue(bytes: Uint8Array): unknown {
  if (bytes[0] !== VALUE_VERSION) new CborReader(bytes, 0, 'Value').refuse('format version 1')
  const reader = new CborReader(bytes, 1, 'Value')
  const value = readValue(reader, true, 0)
  reader.end()
  return value
}
