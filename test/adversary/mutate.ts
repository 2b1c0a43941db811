/**
 * What an attacker does to valid input: small injuries to bytes, texts and numbers, and pieces of
 * one input put into another.
 */
import { concat } from '../../src/base/bytes.ts'
import type { Chance } from '../campaigns/chance.ts'
import { turned } from './kit.ts'

/** Lengths, tags, sign bits and limits that parsers trip over. */
const TELLING = [0x00, 0x01, 0x02, 0x04, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xfe, 0xff]
const WIDE = [
  [0x00, 0x00],
  [0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff],
  [0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
]

type Injury = (chance: Chance, bytes: Uint8Array, other: Uint8Array) => Uint8Array

/** A range within so many bytes, often short. */
function span(chance: Chance, length: number): readonly [number, number] {
  const at = chance.below(length + 1)
  const most = Math.min(length - at, chance.pick([1, 2, 4, 8, 32, length]))
  return [at, at + chance.below(most + 1)]
}

function written(bytes: Uint8Array, at: number, over: readonly number[]): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy.set(over.slice(0, bytes.length - at), at)
  return copy
}

const spliced = (
  bytes: Uint8Array,
  [from, to]: readonly [number, number],
  put: Uint8Array = new Uint8Array(0),
): Uint8Array => concat(bytes.subarray(0, from), put, bytes.subarray(to))

/** For bytes of any length but none. */
const INJURIES: readonly Injury[] = [
  (chance, bytes) => turned(bytes, chance.below(bytes.length * 8)),
  (chance, bytes) => written(bytes, chance.below(bytes.length), [chance.pick(TELLING)]),
  (chance, bytes) => {
    const at = chance.below(bytes.length)
    return written(bytes, at, [(bytes[at]! + chance.pick([1, 255])) & 0xff])
  },
  (chance, bytes) => written(bytes, chance.below(bytes.length), chance.pick(WIDE)),
  // Cut out, repeated, put in.
  (chance, bytes) => spliced(bytes, span(chance, bytes.length)),
  (chance, bytes) => {
    const [from, to] = span(chance, bytes.length)
    return spliced(bytes, [to, to], bytes.subarray(from, to))
  },
  (chance, bytes) => {
    const [at] = span(chance, bytes.length)
    return spliced(bytes, [at, at], chance.bytes(1 + chance.below(16)))
  },
  (chance, bytes) => bytes.slice(0, chance.below(bytes.length)),
  (chance, bytes) => concat(bytes, chance.bytes(1 + chance.below(40))),
  // A piece of another, and the beginning of one with the end of another.
  (chance, bytes, other) => {
    const [from, to] = span(chance, other.length)
    return spliced(bytes, span(chance, bytes.length), other.subarray(from, to))
  },
  (chance, bytes, other) => {
    const at = chance.below(Math.min(bytes.length, other.length) + 1)
    return concat(bytes.subarray(0, at), other.subarray(at))
  },
]

/** A copy with one to four injuries, some with pieces of another valid input. */
export function mutatedBytes(
  chance: Chance,
  bytes: Uint8Array,
  corpus: readonly Uint8Array[] = [bytes],
): Uint8Array {
  let injured = bytes
  for (let left = 1 + chance.below(4); left > 0; left--) {
    const injury = chance.pick(INJURIES)
    injured = injured.length === 0 ? chance.bytes(3) : injury(chance, injured, chance.pick(corpus))
  }
  return injured
}

/** Pieces that mean something somewhere: paths, options, prototypes, directions, broken Unicode. */
const PIECES = [
  '',
  '\0',
  '\n',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  '\udfff',
  '\u{1f511}',
  'e\u0301',
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  'alias/',
  '=',
  '-',
  '--',
  '%s',
  '${x}',
  'null',
  'NaN',
  '-1',
  '1e999',
  '9'.repeat(40),
  'x'.repeat(300),
]

export function mutatedText(chance: Chance, text: string): string {
  const [from, to] = span(chance, text.length)
  const printable = chance.next() < 0.7
  const unit = String.fromCharCode(printable ? 32 + chance.below(95) : chance.below(0x10000))
  return chance.pick([
    () => text.slice(0, from) + text.slice(to),
    () => text.slice(0, from) + unit + text.slice(from),
    () => text.slice(0, from) + unit + text.slice(from + 1),
    () => text.slice(0, from) + chance.pick(PIECES) + text.slice(to),
    () => text + text.slice(from, to),
    () => text.toUpperCase(),
    () => chance.pick(PIECES),
  ])()
}

const NUMBERS = [0, -0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, Number.NaN, Infinity]

/** The same type with another content: what a check of types alone lets through. */
export function mutatedValue(chance: Chance, value: unknown): unknown {
  if (value instanceof Uint8Array) return mutatedBytes(chance, value)
  if (value instanceof Date)
    return new Date(value.getTime() + chance.pick([-1, 1]) * 10 ** chance.below(14))
  if (typeof value === 'string') return mutatedText(chance, value)
  if (typeof value === 'number')
    return chance.pick([...NUMBERS, value + 1, value - 1, value * 1000])
  if (typeof value === 'boolean') return !value
  return value
}
