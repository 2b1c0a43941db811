/** Bytes that nobody looks at any more, in the files of a closed store. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../src/base/bytes.ts'
import { decodeErase } from '../../src/format/erase.ts'
import { kindOf, type Image } from './history.ts'

/** Rows and erase file of one moment. */
export interface Moment {
  readonly image: Image
  readonly erase: Uint8Array
}

const SECRET = new Set(['vaultKey', 'keyKey', 'material'])
/** The end of a sealed record: no two share it. */
const ENDING_BYTES = 48

const keysOf = ({ erase }: Moment): readonly Uint8Array[] =>
  decodeErase(erase).entries.map(({ key }) => key)

const holds = (bytes: Buffer, part: Uint8Array): boolean => bytes.includes(Buffer.from(part))

/** Complaints about files that still hold an erase key or a sealed secret of before. */
export function remains(path: string, before: Moment, now: Moment): string[] {
  const problems: string[] = []
  const living = new Set(keysOf(now).map(toHex))
  const eraseKeys = keysOf(before).filter((key) => !living.has(toHex(key)))
  const rows = new Set([...now.image.values()].map(toHex))
  const replaced = [...before.image]
    .filter(([key, value]) => SECRET.has(kindOf(key) ?? '') && !rows.has(toHex(value)))
    .map(([, value]) => value.slice(-ENDING_BYTES))
  if (eraseKeys.length === 0) problems.push('the erase key is the same as before')
  if (replaced.length < 3) problems.push(`only ${replaced.length} sealed secrets were replaced`)
  const [kept] = [...now.image].filter(([key]) => kindOf(key) === 'material')
  let seen = false
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    const file = join(path, name)
    if (!statSync(file).isFile()) continue
    const bytes = readFileSync(file)
    if (eraseKeys.some((key) => holds(bytes, key)))
      problems.push(`${name} still holds an older erase key`)
    if (replaced.some((ending) => holds(bytes, ending)))
      problems.push(`${name} still holds a sealed secret of before`)
    seen ||= holds(bytes, kept![1].slice(-ENDING_BYTES))
  }
  if (!seen) problems.push('the look into the files does not even find what is there')
  return problems
}
