/**
 * Outsides of records and ciphertexts, and what is authenticated with them
 * (docs/formats/envelope.md, ciphertext.md).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  CIPHERTEXT_HEADER_BYTES,
  ciphertextAad,
  ciphertextHeader,
  parseCiphertext,
  versionIdKey,
} from '../../src/format/ciphertext.ts'
import { canonicalContext } from '../../src/format/context.ts'
import {
  ENVELOPE_HEADER_BYTES,
  envelopeHeader,
  parseEnvelope,
  recordAad,
} from '../../src/format/envelope.ts'
import { path } from '../../src/format/paths.ts'
import { RECORD_KIND_NAMES } from '../../src/format/records.ts'
import { bytes, mapOf, text, u64, uuid } from './arbitraries.ts'

const ID = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'

describe('sealed records', () => {
  test('11 bytes: version, suite, kind, sequence', () => {
    expect(toHex(envelopeHeader('material', 0x0102030405060708n))).toBe('0101060102030405060708')
    expect(ENVELOPE_HEADER_BYTES).toBe(11)
  })

  test('what follows the header is not looked at', () => {
    const sealed = Uint8Array.of(...envelopeHeader('key', 2n ** 64n - 1n), 9, 9)
    expect(parseEnvelope(sealed)).toEqual({ kind: 'key', seq: 2n ** 64n - 1n })
  })

  test.each(['', '01', '0101', '01010300000000000000', '0001030000000000000001', '0201030000000000000001',
    '0100030000000000000001', '0102030000000000000001', '0101000000000000000001',
    '0101140000000000000001', '0101ff0000000000000001'])('%s is refused', (hex) => {
    expect(() => parseEnvelope(fromHex(hex)!)).toThrow(
      expect.objectContaining({ code: 'INTEGRITY' }) as Error,
    )
  }) // prettier-ignore

  test('sequences beyond 64 bits are our mistake', () => {
    for (const seq of [-1n, 2n ** 64n])
      expect(() => envelopeHeader('key', seq)).toThrow(StrongroomError)
  })

  const place = fc.record({
    realmId: uuid,
    vaultId: uuid,
    path: bytes(1, 40),
    kind: fc.constantFrom(...RECORD_KIND_NAMES),
    seq: u64,
  })

  test('the associated data says every part of the place, each after its length', () => {
    fc.assert(
      fc.property(place, (at) => {
        const aad = recordAad(at)
        const view = new DataView(aad.buffer)
        const parts: string[] = []
        for (let i = 0; i < aad.length;) {
          const length = view.getUint16(i)
          parts.push(toHex(aad.subarray(i + 2, i + 2 + length)))
          i += 2 + length
        }
        const expected = [
          toHex(utf8('strongroom/record/v1')),
          toHex(envelopeHeader(at.kind, at.seq)),
          at.realmId.replaceAll('-', ''),
          at.vaultId.replaceAll('-', ''),
          toHex(at.path),
        ]
        expect(parts).toEqual(expected)
      }),
    )
  })

  test('no two places share it', () => {
    const base = { realmId: ID, vaultId: ID, path: path.vault(ID), kind: 'vault', seq: 1n } as const
    const others = [
      { ...base, realmId: ID.replace('0b', '0c') },
      { ...base, vaultId: ID.replace('0b', '0c') },
      { ...base, path: path.head(ID) },
      { ...base, kind: 'key' as const },
      { ...base, seq: 2n },
    ]
    const all = [base, ...others].map((at) => toHex(recordAad(at)))
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('ciphertexts', () => {
  test('18 bytes: version, suite, version id', () => {
    const rows = { AES_256: '0101', AES_192: '0102', AES_128: '0103' } as const
    for (const [spec, start] of Object.entries(rows) as [keyof typeof rows, string][]) {
      expect(toHex(ciphertextHeader(spec, ID))).toBe(start + ID.replaceAll('-', ''))
      expect(parseCiphertext(ciphertextHeader(spec, ID))).toMatchObject({ spec, versionId: ID })
    }
    expect(CIPHERTEXT_HEADER_BYTES).toBe(18)
  })

  test('the id and its map key agree, whatever follows', () => {
    fc.assert(
      fc.property(uuid, bytes(0, 100), (versionId, body) => {
        const parsed = parseCiphertext(
          Uint8Array.of(...ciphertextHeader('AES_192', versionId), ...body),
        )
        expect(parsed?.versionId).toBe(versionId)
        expect(parsed?.suite).toBe(2)
        expect(parsed?.versionIdKey).toBe(versionIdKey(versionId))
        expect(parsed?.versionIdKey).toMatch(/^[\0-\xff]{16}$/)
      }),
    )
  })

  test('other versions, suites and lengths are not ours', () => {
    const header = ciphertextHeader('AES_256', ID)
    for (let value = 0; value < 256; value++) {
      expect(parseCiphertext(Uint8Array.of(value, ...header.subarray(1))) !== undefined).toBe(
        value === 1,
      )
      const suite = Uint8Array.of(1, value, ...header.subarray(2))
      expect(parseCiphertext(suite) !== undefined).toBe(value >= 1 && value <= 4)
    }
    for (let length = 0; length < 18; length++)
      expect(parseCiphertext(header.subarray(0, length))).toBeUndefined()
  })

  test('an id that is none is our mistake', () => {
    expect(() => ciphertextHeader('AES_256', 'key-1')).toThrow(StrongroomError)
    expect(() => versionIdKey(ID.toUpperCase())).toThrow(StrongroomError)
  })

  test('the associated data is the header, then the context; a whole ciphertext serves as header', () => {
    fc.assert(
      fc.property(uuid, mapOf(text), bytes(0, 60), (versionId, context, body) => {
        const header = ciphertextHeader('AES_256', versionId)
        const canonical = canonicalContext(context)
        const aad = ciphertextAad(header, canonical)
        expect(toHex(aad)).toBe(toHex(header) + toHex(canonical))
        expect(ciphertextAad(Uint8Array.of(...header, ...body), canonical)).toEqual(aad)
      }),
    )
    expect(() => ciphertextAad(new Uint8Array(17), new Uint8Array(4))).toThrow(StrongroomError)
  })
})
