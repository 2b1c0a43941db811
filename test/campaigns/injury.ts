/** Random damage to one file of a store. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chance } from './chance.ts'

const RANGE_BYTES_MAX = 4096

type Damage = (bytes: Uint8Array, chance: Chance) => Uint8Array | undefined

/** A range within the file. */
function range(bytes: Uint8Array, chance: Chance): readonly [number, number] {
  const from = chance.below(bytes.length)
  return [from, Math.min(bytes.length, from + 1 + chance.below(RANGE_BYTES_MAX))]
}

function flip(bytes: Uint8Array, chance: Chance): void {
  bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8)
}

export const DAMAGES: Readonly<Record<string, Damage>> = {
  'one bit': (bytes, chance) => {
    flip(bytes, chance)
    return bytes
  },
  'several bits': (bytes, chance) => {
    for (let i = 2 + chance.below(30); i > 0; i--) flip(bytes, chance)
    return bytes
  },
  'a range of zeros': (bytes, chance) => bytes.fill(0, ...range(bytes, chance)),
  'a range of noise': (bytes, chance) => {
    const [from, to] = range(bytes, chance)
    bytes.set(chance.bytes(to - from), from)
    return bytes
  },
  'a piece cut out': (bytes, chance) => {
    const [from, to] = range(bytes, chance)
    return new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(to)])
  },
  'the end cut off': (bytes, chance) => bytes.subarray(0, chance.below(bytes.length)),
  'the last bytes cut off': (bytes, chance) =>
    bytes.subarray(0, Math.max(0, bytes.length - 1 - chance.below(600))),
  emptied: () => new Uint8Array(0),
  deleted: () => undefined,
}

export interface Injury {
  readonly file: string
  readonly kind: string
}

/** Text for people and an empty lock: damage there can do no harm, so it is done rarely. */
const ASIDE = /\/(LOG|LOG\.old|LOCK)$/

/** Injures one file of the store at `path`, small ones as often as large ones. */
export function injure(path: string, chance: Chance): Injury {
  const all = filesOf(path)
  const aside = chance.next() < 0.03
  const file = chance.pick(all.filter((name) => ASIDE.test(name) === aside))
  const kind = chance.pick(Object.keys(DAMAGES))
  const bytes = new Uint8Array(readFileSync(join(path, file)))
  const result = DAMAGES[kind]!(bytes, chance)
  if (result === undefined) rmSync(join(path, file))
  else writeFileSync(join(path, file), result)
  return { file, kind }
}

/** Files that hold something, relative to the directory of a store. */
function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile() && statSync(join(path, name)).size > 0)
    .sort()
}
