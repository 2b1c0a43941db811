/**
 * The blob by itself: what is changed, cut, foreign, newer or too large is refused with a code of
 * its own, and nothing of it shows.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { decodeBackupHeader, encodeBackupHeader } from '../../src/format/backup.ts'
import { armouredBytes, ArmourReader, ArmourWriter } from '../../src/format/armour.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { Strongroom } from '../../src/index.ts'
import {
  armoured,
  collected,
  dearmoured,
  inPieces,
  keyBlob,
  vaultBlob,
} from '../engine/backup-support.ts'
import { codeOf, flipped, imageOf, stage, type Stage } from '../engine/support.ts'

const CHUNK = 65_536 + 16
const REFUSALS = ['INVALID_BACKUP', 'TRUNCATED_BACKUP', 'UNSUPPORTED_BACKUP', 'FOREIGN_BACKUP']
REFUSALS.push('WRONG_BACKUP_KIND', 'LIMIT_EXCEEDED')

let s: Stage
let keyId: string
let key: Uint8Array
/** Several chunks. */
let vault: Uint8Array
let image: string

beforeAll(async () => {
  s = await stage()
  const { room, vaultId } = s
  const description = 'x'.repeat(8000)
  for (let i = 0; i < 20; i++)
    ({ id: keyId } = await room.createKey({
      vaultId,
      displayName: `k${i}`,
      spec: 'AES_256',
      description,
    }))
  key = await keyBlob(room, keyId)
  vault = await vaultBlob(room, vaultId)
  await room.scheduleVaultDeletion({ vaultId })
  s.clock.advance({ days: 31 })
  await room.tick()
  image = await imageOf(s.store)
})

const keyCode = (blob: Uint8Array) => codeOf(s.room.restoreKey({ blob }))
const vaultCode = (blob: Uint8Array | AsyncIterable<Uint8Array>) =>
  codeOf(s.room.restoreVault({ blob }))
const bytesOf = (blob: Uint8Array) => {
  const bytes = dearmoured(blob)
  const { headerBytes } = decodeBackupHeader(bytes) as { headerBytes: number }
  return { bytes, chunksAt: headerBytes + 64, headerBytes }
}

describe('armour', () => {
  test('is ASCII in lines of 64, as long as it says', () => {
    for (const blob of [key, vault]) {
      expect(blob.every((byte) => byte === 10 || (byte >= 32 && byte < 127))).toBe(true)
      const lines = new TextDecoder().decode(blob).split('\n')
      expect(Math.max(...lines.slice(1, -2).map((line) => line.length))).toBe(64)
      expect(armouredBytes(dearmoured(blob).length)).toBe(blob.length)
      expect(armoured(dearmoured(blob))).toEqual(blob)
    }
  })

  test('of any bytes, in pieces of any size, comes back', () => {
    for (let length = 0; length < 200; length += 1 + (length % 5)) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7)
      for (const size of [1, 3, 47, 48, 49, 64, 200]) {
        const writer = new ArmourWriter()
        const out: Uint8Array[] = []
        for (let at = 0; at < length; at += size)
          out.push(writer.push(bytes.subarray(at, at + size)))
        const text = concat(...out, writer.finish())
        expect(text).toEqual(armoured(bytes))
        const reader = new ArmourReader()
        const back: Uint8Array[] = []
        for (let at = 0; at < text.length; at += size)
          back.push(reader.push(text.subarray(at, at + size)).slice())
        reader.finish()
        expect(concat(...back)).toEqual(bytes)
      }
    }
  })

  const BEGIN = '-----BEGIN STRONGROOM BACKUP-----\n'
  const END = '-----END STRONGROOM BACKUP-----\n'
  test.each([
    ['nothing', '', 'TRUNCATED_BACKUP'],
    ['no last line', `${BEGIN}AAAA\n`, 'TRUNCATED_BACKUP'],
    ['a last line without its end', `${BEGIN}AAAA\n${END.trimEnd()}`, 'TRUNCATED_BACKUP'],
    ['nothing inside', `${BEGIN}${END}`, 'TRUNCATED_BACKUP'],
    ['another text', 'hello\n', 'INVALID_BACKUP'],
    ['carriage returns', `${BEGIN}AAAA\n${END}`.replaceAll('\n', '\r\n'), 'INVALID_BACKUP'],
    ['text before', ` ${BEGIN}AAAA\n${END}`, 'INVALID_BACKUP'],
    ['text after', `${BEGIN}AAAA\n${END}\n`, 'INVALID_BACKUP'],
    ['an empty line', `${BEGIN}\nAAAA\n${END}`, 'INVALID_BACKUP'],
    ['a short line in the middle', `${BEGIN}AAAA\nAAAA\n${END}`, 'INVALID_BACKUP'],
    ['a long line', `${BEGIN}${'A'.repeat(68)}\n${END}`, 'INVALID_BACKUP'],
    ['an endless line', `${BEGIN}${'A'.repeat(100_000)}`, 'INVALID_BACKUP'],
    ['a line that is no group of four', `${BEGIN}AAAAA\n${END}`, 'INVALID_BACKUP'],
    ['letters of another alphabet', `${BEGIN}AA-_\n${END}`, 'INVALID_BACKUP'],
    ['bits that are not zero', `${BEGIN}AB==\n${END}`, 'INVALID_BACKUP'],
    ['bits that are not zero, one pad', `${BEGIN}AAB=\n${END}`, 'INVALID_BACKUP'],
    ['padding inside', `${BEGIN}AA==AAAA\n${END}`, 'INVALID_BACKUP'],
    ['only padding', `${BEGIN}====\n${END}`, 'INVALID_BACKUP'],
    ['another last line', `${BEGIN}AAAA\n-----END-----\n`, 'INVALID_BACKUP'],
  ])('%s', async (_, text, code) => {
    expect(await keyCode(utf8(text))).toBe(code)
  })
})

describe('a changed blob', () => {
  test('any flipped bit of the text', async () => {
    for (let at = 0; at < key.length; at += 37) {
      const blob = key.slice()
      blob[at]! ^= 1 << (at % 8)
      expect(REFUSALS).toContain(await keyCode(blob))
    }
  })

  test('any flipped bit inside', async () => {
    const { bytes, chunksAt } = bytesOf(key)
    for (let at = 0; at < bytes.length; at += at < chunksAt ? 1 : 53) {
      const blob = bytes.slice()
      blob[at]! ^= 1 << (at % 8)
      const code = await keyCode(armoured(blob))
      expect(REFUSALS).toContain(code)
      if (at >= chunksAt) expect(code).toBe('INVALID_BACKUP')
    }
  })

  test('a bit in any chunk of a vault, and nothing of it stays', async () => {
    const { bytes, chunksAt } = bytesOf(vault)
    expect(bytes.length - chunksAt).toBeGreaterThan(2 * CHUNK)
    for (const at of [chunksAt, chunksAt + CHUNK, bytes.length - 1]) {
      expect(await vaultCode(armoured(flipped(bytes, at)))).toBe('INVALID_BACKUP')
      expect(await imageOf(s.store)).toBe(image)
    }
  })

  test('chunks swapped, repeated, left out; another beginning', async () => {
    const { bytes, chunksAt } = bytesOf(vault)
    const [head, first, second, rest] = [
      bytes.subarray(0, chunksAt),
      bytes.subarray(chunksAt, chunksAt + CHUNK),
      bytes.subarray(chunksAt + CHUNK, chunksAt + 2 * CHUNK),
      bytes.subarray(chunksAt + 2 * CHUNK),
    ]
    const other = bytesOf(await vaultBlobOfAnother()).bytes.subarray(0, chunksAt)
    for (const parts of [
      [head, second, first, rest],
      [head, first, first, second, rest],
      [head, second, rest],
      [head, first, rest],
      [other, first, second, rest],
      [head, first, second, rest, Uint8Array.of(0)],
    ]) {
      expect(await vaultCode(armoured(concat(...parts)))).toBe('INVALID_BACKUP')
      expect(await imageOf(s.store)).toBe(image)
    }
  })
})

/** Of the same realm and length of header. */
async function vaultBlobOfAnother(): Promise<Uint8Array> {
  const room = await Strongroom.open({ realm: s.room, clock: s.clock })
  const { id } = await room.createVault({ displayName: 'main' })
  return vaultBlob(room, id)
}

describe('a cut blob', () => {
  test('anywhere in the text', async () => {
    for (let at = 0; at < key.length; at += 61)
      expect(await keyCode(key.slice(0, at))).toBe('TRUNCATED_BACKUP')
    expect(await keyCode(key.slice(0, -1))).toBe('TRUNCATED_BACKUP')
  })

  test('at the border of every chunk and around it, with a whole armour', async () => {
    const { bytes, chunksAt } = bytesOf(vault)
    const borders = [0, 1, 2].map((n) => chunksAt + n * CHUNK)
    for (const border of borders)
      for (const at of [border - 1, border, border + 1, border + 15, border + 16, border + 17]) {
        const code = await vaultCode(armoured(bytes.subarray(0, at)))
        expect(['TRUNCATED_BACKUP', 'INVALID_BACKUP']).toContain(code)
        if (at === border) expect(code).toBe('TRUNCATED_BACKUP')
        expect(await imageOf(s.store)).toBe(image)
      }
  })

  test('inside of the header', async () => {
    const { bytes, headerBytes } = bytesOf(key)
    for (let at = 0; at < headerBytes + 64; at += 3)
      expect(await keyCode(armoured(bytes.subarray(0, at)))).toBe('TRUNCATED_BACKUP')
  })
})

describe('another blob', () => {
  test('of another realm', async () => {
    const other = await stage()
    const { id } = await other.room.createKey({
      vaultId: other.vaultId,
      displayName: 'k',
      spec: 'AES_256',
    })
    expect(await keyCode(await keyBlob(other.room, id))).toBe('FOREIGN_BACKUP')
    expect(await vaultCode(await vaultBlob(other.room, other.vaultId))).toBe('FOREIGN_BACKUP')
  })

  test('of another kind', async () => {
    expect(await keyCode(vault)).toBe('WRONG_BACKUP_KIND')
    expect(await vaultCode(key)).toBe('WRONG_BACKUP_KIND')
    const realm = await collected(s.room.exportRealm({ seal: { key: new Uint8Array(32) } }))
    expect(await vaultCode(realm)).toBe('WRONG_BACKUP_KIND')
    const from = { from: key, seal: { key: new Uint8Array(32) }, open: {} }
    expect(await codeOf(Strongroom.importRealm(from))).toBe('WRONG_BACKUP_KIND')
  })

  test.each([
    ['format', 4, 2],
    ['suite', 5, 2],
    ['kind', 6, 9],
  ])('of a newer %s', async (_, at, value) => {
    const { bytes } = bytesOf(key)
    bytes[at] = value
    expect(await keyCode(armoured(bytes))).toBe('UNSUPPORTED_BACKUP')
  })

  test('whose header says that it is something else', async () => {
    const { bytes, headerBytes } = bytesOf(key)
    const { header } = decodeBackupHeader(bytes) as never as { header: never }
    const told = encodeBackupHeader({ ...(header as object), region: 'moved' } as never)
    const blob = armoured(concat(told, bytes.subarray(headerBytes)))
    expect(await keyCode(blob)).toBe('INVALID_BACKUP')
  })

  test('with fields that no header has', async () => {
    const { bytes, headerBytes } = bytesOf(key)
    for (const body of [[0xa1, 0x18, 0x63, 0x00], [0x80], [0xff]]) {
      const head = [...bytes.subarray(0, 7), 0, body.length, ...body]
      const blob = armoured(concat(Uint8Array.from(head), bytes.subarray(headerBytes)))
      expect(await keyCode(blob)).toBe('INVALID_BACKUP')
    }
  })
})

describe('a blob that is too large', () => {
  test('a header that says so', async () => {
    const { bytes } = bytesOf(key)
    const blob = bytes.slice()
    blob[7] = 0xff
    expect(await keyCode(armoured(blob))).toBe('LIMIT_EXCEEDED')
  })

  test('the blob of a key that goes on and on is not read to its end', async () => {
    const { bytes } = bytesOf(key)
    let given = 0
    async function* endless() {
      const writer = new ArmourWriter()
      yield writer.push(bytes)
      for (;;) {
        given += 1_000_000
        yield writer.push(new Uint8Array(1_000_000))
      }
    }
    const code = await codeOf(s.room.restoreKey({ blob: endless() }))
    expect(code).toBe('INVALID_BACKUP')
    expect(given).toBeLessThan(2 * LIMITS.backupKeyBytesMax)
  })

  test('the blob of a vault with false chunks ends at the first of them', async () => {
    const { bytes, chunksAt } = bytesOf(vault)
    let given = 0
    async function* endless() {
      const writer = new ArmourWriter()
      yield writer.push(bytes.subarray(0, chunksAt + CHUNK))
      for (;;) {
        given += CHUNK
        yield writer.push(new Uint8Array(CHUNK))
      }
    }
    expect(await vaultCode(endless())).toBe('INVALID_BACKUP')
    expect(given).toBeLessThan(8 * CHUNK)
    expect(await imageOf(s.store)).toBe(image)
  })
})

test('whole and in pieces of one byte it opens', async () => {
  expect(await vaultCode(inPieces(vault, 997))).toBe('ok')
  expect(await codeOf(s.room.restoreKey({ blob: inPieces(key, 1) }))).toBe('ok')
  expect((await s.room.verify()).ok).toBe(true)
})
