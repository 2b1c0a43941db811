/** Records by their tables (docs/formats/records.md). */
import { encode, rfc8949EncodeOptions } from 'cborg'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import type { KeyRecord } from '../../src/domain/records.ts'
import { RECORD_KINDS, decodeRecord, encodeRecord, kindOfTag } from '../../src/format/records.ts'
import type { RecordKind } from '../../src/format/records.ts'

const ID = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'
const KEY: KeyRecord = {
  id: ID,
  vaultId: ID.replace('0b', '0c'),
  ordinal: 7,
  role: 'ordinary',
  compartmentId: 'root',
  displayName: 'orders',
  description: '',
  spec: 'AES_256',
  purposes: ['encrypt'],
  protectionMode: 'HSM',
  origin: 'internal',
  createdAt: 1767225600000,
  updatedAt: 1767225600000,
  state: 'enabled',
  currentVersion: 1,
  currentVersionId: ID.replace('0b', '0d'),
  lastVersion: 1,
  olderVersions: 'process',
  tags: {},
  definedTags: {},
}
const AGENDA = { keyId: ID, dueAt: 5 }

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
  throw new Error('expected a refusal')
}

/** Foreign encodings of records: the version byte and whatever map cborg writes. */
const foreign = (fields: ReadonlyMap<unknown, unknown>, version = 1): Uint8Array =>
  concat(Uint8Array.of(version), encode(fields, rfc8949EncodeOptions))

const idBytes = Uint8Array.from(ID.replaceAll('-', '').match(/../g)!, (pair) => Number(`0x${pair}`))

describe('tables', () => {
  test('tags of kinds are one byte each, distinct, and lead back', () => {
    const rows = Object.entries(RECORD_KINDS) as [RecordKind, { tag: number }][]
    expect(new Set(rows.map(([, { tag }]) => tag)).size).toBe(rows.length)
    for (const [kind, { tag }] of rows) {
      expect(tag).toBeGreaterThan(0)
      expect(tag).toBeLessThan(256)
      expect(kindOfTag(tag)).toBe(kind)
    }
    for (const tag of [0, rows.length + 1, 255]) expect(kindOfTag(tag)).toBeUndefined()
  })

  test('a record is a map from field numbers to values', () => {
    const bytes = foreign(
      new Map<unknown, unknown>([
        [1, idBytes],
        [2, 5],
      ]),
    )
    expect(encodeRecord('agenda', AGENDA)).toEqual(bytes)
    expect(decodeRecord('agenda', bytes)).toEqual(AGENDA)
  })

  test('the order of members does not matter', () => {
    const reversed = Object.fromEntries(Object.entries(KEY).reverse()) as unknown as KeyRecord
    expect(encodeRecord('key', reversed)).toEqual(encodeRecord('key', KEY))
  })

  test('an undefined member is an absent one', () => {
    const record = { ...KEY, rotation: undefined } as unknown as KeyRecord
    expect(encodeRecord('key', record)).toEqual(encodeRecord('key', KEY))
    expect(Object.keys(decodeRecord('key', encodeRecord('key', KEY)))).toEqual(Object.keys(KEY))
  })

  test('material is one version byte and the bytes themselves', () => {
    const material = Uint8Array.of(0xff, 0, 1)
    expect(toHex(encodeRecord('material', { material }))).toBe('01ff0001')
    expect(decodeRecord('material', Uint8Array.of(1, 9)).material).toEqual(Uint8Array.of(9))
    expect(code(() => decodeRecord('material', Uint8Array.of(1)))).toBe('INTEGRITY')
    expect(code(() => encodeRecord('material', { material: new Uint8Array(0) }))).toBe('INTERNAL')
  })

  test('no kind reads as another whose fields differ', () => {
    const bytes = encodeRecord('agenda', AGENDA)
    for (const kind of ['vault', 'key', 'version', 'index', 'alias', 'retry', 'ticket'] as const)
      expect(code(() => decodeRecord(kind, bytes))).toBe('INTEGRITY')
  })
})

describe('names from outside', () => {
  const hostile = JSON.parse(
    '{"__proto__":"a","constructor":"b","hasOwnProperty":"c","toString":"d","":"e","\\ufeff":"f"}',
  ) as Record<string, string>

  test('tags with the names of built-ins are data', () => {
    const { tags } = decodeRecord('key', encodeRecord('key', { ...KEY, tags: hostile }))
    expect(Object.getPrototypeOf(tags)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(tags, '__proto__')).toMatchObject({
      value: 'a',
      enumerable: true,
    })
    expect(Object.entries(tags).sort()).toEqual(Object.entries(hostile).sort())
    expect(encodeRecord('key', { ...KEY, tags })).toEqual(
      encodeRecord('key', { ...KEY, tags: hostile }),
    )
  })

  test('defined tags too, at every level', () => {
    const definedTags = JSON.parse('{"__proto__":{"__proto__":{"__proto__":1}}}') as {
      [n: string]: { [n: string]: { [n: string]: number } }
    }
    const back = decodeRecord('key', encodeRecord('key', { ...KEY, definedTags }))
    expect(JSON.stringify(back.definedTags)).toBe('{"__proto__":{"__proto__":{"__proto__":1}}}')
    expect(({} as Record<string, unknown>)['__proto__']).toBe(Object.prototype)
  })

  test('a leading byte order mark stays', () => {
    const displayName = '\ufeffname with a mark and more than thirty-two characters'
    expect(decodeRecord('key', encodeRecord('key', { ...KEY, displayName })).displayName).toBe(
      displayName,
    )
  })

  test('lone surrogates are refused: they would come back as another name', () => {
    expect(code(() => encodeRecord('key', { ...KEY, displayName: 'a\ud800' }))).toBe(
      'INVALID_ARGUMENT',
    )
  })
})

describe('what the engine must not write', () => {
  const with_ = (change: object) => () => encodeRecord('key', { ...KEY, ...change })
  test.each<[string, object]>([
    ['an unknown field', { extra: 1 }],
    ['a missing field', { displayName: undefined }],
    ['an id in upper case', { id: ID.toUpperCase() }],
    ['an id of another form', { id: 'ocid1.key' }],
    ['an id without hyphens', { id: ID.replaceAll('-', '0') }],
    ['a number as text', { displayName: 5 }],
    ['a negative ordinal', { ordinal: -1 }],
    ['a fractional ordinal', { ordinal: 1.5 }],
    ['an unsafe ordinal', { ordinal: 2 ** 53 }],
    ['a fractional time', { createdAt: 0.5 }],
    ['a Date as time', { createdAt: new Date(0) }],
    ['a word that is not listed', { state: 'gone' }],
    ['a spec that is not listed', { spec: 'toString' }],
    ['a set as list', { purposes: new Set(['encrypt']) }],
    ['a foreign purpose', { purposes: ['encrypt', 'fly'] }],
    ['a list as map', { tags: [] }],
    ['a number in tags', { tags: { a: 1 } }],
    ['null as map', { tags: null }],
    ['null as deletion', { deletion: null }],
    ['half a deletion', { deletion: { at: 5 } }],
    ['a deletion with more', { deletion: { at: 5, scheduledAt: 4, by: 'x' } }],
    [
      'a rotation with a word for a flag',
      { rotation: { startAt: 1, enabled: 'yes', updatedAt: 1 } },
    ],
  ])('%s', (_, change) => {
    expect(code(with_(change))).toBe('INTERNAL')
  })

  test('bytes of another length or type', () => {
    for (const key of [new Uint8Array(31), new Uint8Array(33), Array(32).fill(0), 'x'.repeat(32)])
      expect(code(() => encodeRecord('keyKey', { epoch: 1, key: key as Uint8Array }))).toBe(
        'INTERNAL',
      )
  })

  test('bytes or dates within JSON data', () => {
    for (const external of [new Uint8Array(2), new Date(0), 1n, () => 1])
      expect(code(with_({ external }))).toBe('INVALID_ARGUMENT')
  })
})

describe('what a reader must not take', () => {
  const agenda = (...pairs: [unknown, unknown][]) => foreign(new Map(pairs))
  test.each<[string, Uint8Array]>([
    ['a missing field', agenda([1, idBytes])],
    ['an unknown field', agenda([1, idBytes], [2, 5], [3, 5])],
    ['field number 0', agenda([0, 1], [1, idBytes], [2, 5])],
    ['no fields', agenda()],
    ['an id as text', agenda([1, ID], [2, 5])],
    ['an id of 15 bytes', agenda([1, idBytes.subarray(1)], [2, 5])],
    ['a fractional time', agenda([1, idBytes], [2, 5.5])],
    ['null as time', agenda([1, idBytes], [2, null])],
    ['names for numbers', agenda(['keyId', idBytes], ['dueAt', 5])],
    [
      'version 0',
      foreign(
        new Map<unknown, unknown>([
          [1, idBytes],
          [2, 5],
        ]),
        0,
      ),
    ],
    [
      'version 2',
      foreign(
        new Map<unknown, unknown>([
          [1, idBytes],
          [2, 5],
        ]),
        2,
      ),
    ],
    ['a list', concat(Uint8Array.of(1), encode([idBytes, 5]))],
  ])('%s', (_, bytes) => {
    expect(code(() => decodeRecord('agenda', bytes))).toBe('INTEGRITY')
  })

  test('unsorted and repeated fields', () => {
    const [one, two] = [`0150${toHex(idBytes)}`, '0205']
    const bytes = (hex: string) => Uint8Array.from(hex.match(/../g)!, (pair) => Number(`0x${pair}`))
    expect(decodeRecord('agenda', bytes(`01a2${one}${two}`))).toEqual(AGENDA)
    expect(code(() => decodeRecord('agenda', bytes(`01a2${two}${one}`)))).toBe('INTEGRITY')
    expect(code(() => decodeRecord('agenda', bytes(`01a3${one}${two}${two}`)))).toBe('INTEGRITY')
    expect(code(() => decodeRecord('agenda', bytes(`01a3${one}${one}${two}`)))).toBe('INTEGRITY')
    expect(code(() => decodeRecord('agenda', bytes(`01a2${one}${one}`)))).toBe('INTEGRITY')
  })

  test('an object within that claims a field more than it has', () => {
    const bytes = encodeRecord('key', { ...KEY, deletion: { at: 5, scheduledAt: 4 } })
    const hex = toHex(bytes)
    const deletion = '0fa201050204'
    expect(hex.split(deletion)).toHaveLength(2)
    const changed = fromHex(hex.replace(deletion, '0fa30105020403'))!
    expect(code(() => decodeRecord('key', changed))).toBe('INTEGRITY')
  })

  test('a negative count, an unlisted word, a key of 31 bytes', () => {
    const index = foreign(
      new Map([
        [1, -1],
        [2, 0],
      ]),
    )
    expect(code(() => decodeRecord('index', index))).toBe('INTEGRITY')
    const short = foreign(
      new Map<unknown, unknown>([
        [1, 1],
        [2, new Uint8Array(31)],
      ]),
    )
    expect(code(() => decodeRecord('keyKey', short))).toBe('INTEGRITY')
    const ticket = new Map<unknown, unknown>([
      [1, idBytes], [2, idBytes], [3, 'RSA_OAEP_SHA_256'], [4, 'RSA_1024'],
      [5, new Uint8Array(1)], [6, new Uint8Array(1)], [7, 1],
    ]) // prettier-ignore
    expect(code(() => decodeRecord('ticket', foreign(ticket)))).toBe('INTEGRITY')
    ticket.set(4, 'RSA_2048')
    expect(decodeRecord('ticket', foreign(ticket)).wrappingSpec).toBe('RSA_2048')
  })
})
