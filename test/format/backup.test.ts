/** The clear header and the records of a backup (docs/formats/backup.md), read from pieces of any length. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/domain/limits.ts'
import { concat, utf8 } from '../../src/base/bytes.ts'
import {
  BACKUP_KEYING_BYTES,
  BACKUP_KINDS,
  decodeBackupHeader,
  encodeBackupHeader,
  encodeFrame,
  FrameReader,
  FRAMES,
  type BackupHeader,
  type Frame,
  type FrameKind,
} from '../../src/format/backup.ts'

const HEADER: BackupHeader = {
  kind: 'key',
  realmId: '00000000-0000-4000-8000-000000000001',
  region: 'here-1',
  createdAt: 1_767_225_600_000,
  position: 12,
  vaultId: '00000000-0000-4000-8000-000000000002',
  keyId: '00000000-0000-4000-8000-000000000003',
}
const ENCODED = encodeBackupHeader(HEADER)
/** Magic 4, format, suite, kind, length 2. */
const OPENING = 9

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'ok'
  } catch (error) {
    return (error as { code: string }).code
  }
}
const withByte = (at: number, value: number): Uint8Array => ENCODED.with(at, value)

describe('the header', () => {
  test('begins with the magic, format 1, suite 1, the kind and its own length', () => {
    expect(ENCODED.subarray(0, 4)).toEqual(utf8('SRBK'))
    expect([...ENCODED.subarray(4, OPENING)]).toEqual([1, 1, 1, 0, ENCODED.length - OPENING])
    expect(BACKUP_KEYING_BYTES).toBe(64)
  })

  test.each(BACKUP_KINDS)('of the kind %s comes back, frozen, whatever follows it', (kind) => {
    const header = { ...HEADER, kind }
    const encoded = encodeBackupHeader(header)
    const read = decodeBackupHeader(concat(encoded, new Uint8Array(70)))
    expect(read).toEqual({ header, headerBytes: encoded.length })
    expect('header' in read && Object.isFrozen(read.header)).toBe(true)
  })

  test('says how much more it needs, and no more than that', () => {
    for (let length = 0; length < ENCODED.length; length++) {
      const whole = length < OPENING ? OPENING : ENCODED.length
      expect(decodeBackupHeader(ENCODED.subarray(0, length))).toEqual({ need: whole - length })
    }
    expect(decodeBackupHeader(ENCODED)).toMatchObject({ headerBytes: ENCODED.length })
  })

  test.each([0, 1, 2, 3])('another magic is refused at byte %i, as soon as it is there', (at) => {
    expect(codeOf(() => decodeBackupHeader(withByte(at, 0x20).subarray(0, at + 1)))).toBe(
      'INVALID_BACKUP',
    )
    expect(codeOf(() => decodeBackupHeader(withByte(at, 0x20)))).toBe('INVALID_BACKUP')
  })

  test.each([
    ['format', 4, 2],
    ['suite', 5, 2],
    ['kind', 6, BACKUP_KINDS.length],
  ])('another %s is one of a version that is not known here', (_, at, value) => {
    expect(codeOf(() => decodeBackupHeader(withByte(at, value)))).toBe('UNSUPPORTED_BACKUP')
  })

  test('records of another format are of such a version too', () => {
    // Member 5 of the map: the key 5, then its number.
    const at = ENCODED.findIndex((byte, i) => i > OPENING && byte === 5 && ENCODED[i + 1] === 1)
    expect(at).toBeGreaterThan(0)
    expect(codeOf(() => decodeBackupHeader(withByte(at + 1, 2)))).toBe('UNSUPPORTED_BACKUP')
  })

  test('a length is bounded, and the bound is still asked for', () => {
    const most = LIMITS.backupHeaderBytesMax
    const saying = (length: number): Uint8Array =>
      concat(ENCODED.subarray(0, 7), Uint8Array.of(length >> 8, length & 0xff))
    expect(decodeBackupHeader(saying(most))).toEqual({ need: most })
    expect(codeOf(() => decodeBackupHeader(saying(most + 1)))).toBe('LIMIT_EXCEEDED')
  })

  test('fields that are none, or more than there are, are refused', () => {
    for (const body of [Uint8Array.of(0xa0), Uint8Array.of(0xff), new Uint8Array(0)])
      expect(
        codeOf(() =>
          decodeBackupHeader(concat(ENCODED.subarray(0, 7), Uint8Array.of(0, body.length), body)),
        ),
      ).toBe('INVALID_BACKUP')
    const longer = concat(ENCODED, Uint8Array.of(0))
    longer[8]! += 1
    expect(codeOf(() => decodeBackupHeader(longer))).toBe('INVALID_BACKUP')
  })
})

const KINDS = Object.keys(FRAMES) as FrameKind[]
const frame = fc.record({
  kind: fc.constantFrom(...KINDS),
  body: fc.uint8Array({ maxLength: 40 }),
})
const copied = (frames: readonly Frame[]) =>
  frames.map(({ kind, body }) => ({ kind, body: body.slice() }))

describe('records', () => {
  test('come back from pieces of any length, each once, as soon as it is whole', () => {
    const property = fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.nat({ max: 60 })),
      (frames, cuts) => {
        const payload = concat(...frames.map(encodeFrame))
        const reader = new FrameReader()
        const found: Frame[] = []
        let at = 0
        for (const cut of [...cuts, payload.length]) {
          found.push(...reader.push(payload.slice(at, at + cut)))
          at = Math.min(payload.length, at + cut)
          const whole = frames.reduce(
            ({ end, count }, { body }) =>
              end + 5 + body.length <= at
                ? { end: end + 5 + body.length, count: count + 1 }
                : { end: Infinity, count },
            { end: 0, count: 0 },
          )
          expect(found.length).toBe(whole.count)
        }
        expect(copied(found)).toEqual(frames)
        reader.finish()
      },
    )
    fc.assert(property)
  })

  test('a payload that ends within one is refused', () => {
    const encoded = encodeFrame({ kind: 'key', body: new Uint8Array(3) })
    for (let length = 1; length < encoded.length; length++) {
      const reader = new FrameReader()
      expect(reader.push(encoded.slice(0, length))).toEqual([])
      expect(codeOf(() => reader.finish())).toBe('INVALID_BACKUP')
    }
  })

  test('a kind that is none is refused, and those before it are wiped', () => {
    const good = encodeFrame({ kind: 'key', body: Uint8Array.of(7, 7, 7) })
    const fill = vi.spyOn(Uint8Array.prototype, 'fill')
    const refusal = codeOf(() => new FrameReader().push(concat(good, Uint8Array.of(2, 0, 0, 0, 0))))
    const wiped = (fill.mock.contexts as Uint8Array[]).filter(({ length }) => length === 3)
    fill.mockRestore()
    expect(refusal).toBe('INVALID_BACKUP')
    expect(wiped).toEqual([new Uint8Array(3)])
  })

  test('a length is bounded, and the bound is still waited for', () => {
    const saying = (length: number): Uint8Array => {
      const head = new Uint8Array(5)
      head[0] = FRAMES.row
      new DataView(head.buffer).setUint32(1, length)
      return head
    }
    const most = LIMITS.backupRecordBytesMax
    expect(new FrameReader().push(saying(most))).toEqual([])
    expect(codeOf(() => new FrameReader().push(saying(most + 1)))).toBe('LIMIT_EXCEEDED')
  })

  test('a head alone is not read before it is whole, and an empty body is one', () => {
    const reader = new FrameReader()
    expect(reader.push(Uint8Array.of(FRAMES.alias, 0, 0, 0))).toEqual([])
    expect(copied(reader.push(Uint8Array.of(0)))).toEqual([
      { kind: 'alias', body: new Uint8Array(0) },
    ])
    reader.finish()
  })
})
