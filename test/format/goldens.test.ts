/**
 * The bytes of format version 1, for ever: `fixtures/formats/v1.json` is only added to. A new entry
 * is written with its value and without `hex`; `GOLDENS=add npx vitest run
 * test/format/goldens.test.ts` fills in what is missing and never touches what is there. The
 * examples of docs/formats are entries of this file.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkpointText, signedNote, type CheckpointBody } from '../../src/audit/checkpoint.ts'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { ciphertextAad } from '../../src/format/ciphertext.ts'
import { ArmourWriter } from '../../src/format/armour.ts'
import { encodeBackupHeader, encodeFrame } from '../../src/format/backup.ts'
import { canonicalContext } from '../../src/format/context.ts'
import { recordAad } from '../../src/format/envelope.ts'
import { chainInput, realmChainInput, realmStartInput } from '../../src/format/heads.ts'
import { ZERO_SUM, addElement } from '../../src/format/multiset.ts'
import { sealHeaderAad } from '../../src/format/seal-header.ts'
import { chunkNonce } from '../../src/format/stream.ts'
import { CODECS } from './codecs.ts'

const FILE = fileURLToPath(new URL('../../fixtures/formats/v1.json', import.meta.url))
const DOCS = fileURLToPath(new URL('../../docs/formats/', import.meta.url))

interface Golden {
  readonly name: string
  readonly format: string
  readonly value: unknown
  hex?: string
}

interface Chained {
  readonly previous: Uint8Array
  readonly seq: bigint
  readonly rows: readonly Uint8Array[]
}

interface Note {
  readonly text: string
  readonly name: string
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  )

/** Layouts that are only written: what is hashed or authenticated. */
const ONE_WAY: Readonly<Record<string, (value: never) => Uint8Array>> = {
  'canonical context': canonicalContext,
  'record associated data': recordAad,
  'ciphertext associated data': ({ header, context }: Record<'header' | 'context', Uint8Array>) =>
    ciphertextAad(header, context),
  'seal header associated data': sealHeaderAad,
  'chain input': ({ previous, seq, rows }: Chained) => chainInput(previous, seq, rows),
  'realm chain input': ({ previous, order }: Record<'previous' | 'order', Uint8Array>) =>
    realmChainInput(previous, order),
  'realm start': ({ realmId, storeId }: Record<'realmId' | 'storeId', string>) =>
    realmStartInput(realmId, storeId),
  'checkpoint text': (body: CheckpointBody) => utf8(checkpointText(body)),
  'signed note': ({ text, name, publicKey, signature }: Note) =>
    utf8(signedNote(sha256, text, name, publicKey, signature)),
  'chunk nonce': ({ counter, last }: { counter: number; last: boolean }) =>
    chunkNonce(counter, last),
  'backup header': encodeBackupHeader,
  'backup record': encodeFrame,
  'backup armour': (bytes: Uint8Array) => {
    const writer = new ArmourWriter()
    return concat(writer.push(bytes), writer.finish())
  },
  'multiset sum': (elements: readonly Uint8Array[]) => elements.reduce(addElement, ZERO_SUM),
}

const MARKS: Readonly<Record<string, (text: string) => unknown>> = {
  $bytes: (hex) => fromHex(hex),
  $bigint: (digits) => BigInt(digits),
  $date: (iso) => new Date(iso),
}

/**
 * What JSON lacks is marked: `{"$bytes": "00ff"}`, `{"$bigint": "1"}`, `{"$date":
 * "2026-01-01T00:00:00.000Z"}`.
 */
function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const [[mark, text] = [], ...rest] = Object.entries(value) as [string, string][]
  const read = rest.length === 0 && mark !== undefined ? MARKS[mark] : undefined
  return read ? read(text!) : value
}

const raw = JSON.parse(readFileSync(FILE, 'utf8')) as Golden[]
const valueOf = ({ value }: Golden): unknown => JSON.parse(JSON.stringify(value), revive)
const encode = (golden: Golden): Uint8Array =>
  (CODECS[golden.format]?.encode ?? (ONE_WAY[golden.format] as (value: unknown) => Uint8Array))(
    valueOf(golden),
  )

if (process.env['GOLDENS'] === 'add') {
  for (const golden of raw) golden.hex ??= toHex(encode(golden))
  writeFileSync(FILE, `[\n${raw.map((golden) => `  ${JSON.stringify(golden)}`).join(',\n')}\n]\n`)
}

test.each(raw)('$format: $name is written so', (golden) => {
  expect(toHex(encode(golden))).toBe(golden.hex)
})

const readable = raw.filter(({ format }) => format in CODECS)
test.each(readable)('$format: $name is read so', (golden) => {
  const decoded = CODECS[golden.format]!.decode(fromHex(golden.hex!)!)
  expect(decoded).toEqual(valueOf(golden))
})

test('names are distinct', () => {
  expect(new Set(raw.map(({ name }) => name)).size).toBe(raw.length)
})

test('every layout has a golden', () => {
  const formats = new Set(raw.map(({ format }) => format))
  expect([...formats].sort()).toEqual([...Object.keys(CODECS), ...Object.keys(ONE_WAY)].sort())
})

/** Fences of the form ```hex NAME, in which white space is for the reader. */
const EXAMPLE = /```hex ([^\n]+)\n([^`]*)```/g
const examples = readdirSync(DOCS)
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) =>
    [...readFileSync(DOCS + file, 'utf8').matchAll(EXAMPLE)].map(([, name, hex]) => ({
      file,
      name: name!,
      hex: hex!.replace(/\s/g, ''),
    })),
  )

describe('examples in the documentation', () => {
  test.each(examples)('$file: $name', ({ name, hex }) => {
    expect(hex).toBe(raw.find((golden) => golden.name === name)?.hex)
  })

  test('every page of a format that this layer writes has one', () => {
    const pages = [
      'paths',
      'records',
      'envelope',
      'ciphertext',
      'context',
      'heads',
      'journal',
      'seal',
      'erase',
      'stream',
    ]
    const shown = new Set(examples.map(({ file }) => file))
    for (const page of pages) expect(shown).toContain(`${page}.md`)
  })
})
