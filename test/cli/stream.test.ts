/**
 * Encrypted files byte by byte (docs/formats/stream.md), in this process: every byte of the header,
 * every cut of a small file, samples of the body. Nothing that does not verify is ever released
 * under the final name.
 */
import { createDecipheriv, hkdfSync, randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import { decryptFile, encryptFile } from '../../src/cli/seal-file.ts'
import { Strongroom } from '../../src/index.ts'

let room: Strongroom
let folder: string
let keyId: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-stream-'))
  room = await Strongroom.open()
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  keyId = (await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })).id
})
afterAll(async () => {
  await room.close()
  await rm(folder, { recursive: true, force: true })
})

const at = (name: string) => join(folder, name)

async function sealed(content: Uint8Array): Promise<Buffer> {
  await writeFile(at('plain'), content)
  await encryptFile(room, keyId, { file: at('plain'), output: at('sealed'), force: true })
  return readFile(at('sealed'))
}

/**
 * The code with which the bytes are refused; undefined when they open. Checks that nothing is left
 * either way.
 */
async function refusal(bytes: Uint8Array): Promise<string | undefined> {
  await writeFile(at('damaged'), bytes)
  await rm(at('opened'), { force: true })
  try {
    await decryptFile(room, { file: at('damaged'), output: at('opened') })
    return undefined
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    expect(existsSync(at('opened'))).toBe(false)
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([])
    return error.code
  }
}

const flipped = (bytes: Uint8Array, index: number, mask = 1): Uint8Array =>
  bytes.map((byte, position) => (position === index ? byte ^ mask : byte))

const HEADER_BYTES = 10 + 2 + 122 + 32

describe('the format', () => {
  test('opens by hand, with node:crypto and the page alone', async () => {
    const content = randomBytes(65_536 + 1000)
    const file = await sealed(content)
    const keyBytes = file.readUInt16BE(10)
    const header = file.subarray(0, 12 + keyBytes + 32)
    expect(header.length).toBe(HEADER_BYTES)
    const dataKey = await room.decrypt({ ciphertext: header.subarray(12, 12 + keyBytes) })
    expect(dataKey.plaintext).toHaveLength(32)
    const salt = header.subarray(12 + keyBytes)
    const key = hkdfSync('sha256', dataKey.plaintext, salt, 'strongroom/stream/v1', 32)
    const chunk = (start: number, length: number, counter: number, last: number) => {
      const nonce = Buffer.alloc(12)
      nonce[10] = counter
      nonce[11] = last
      const settings = { authTagLength: 16 }
      const cipher = createDecipheriv('aes-256-gcm', new Uint8Array(key), nonce, settings)
      cipher.setAAD(header)
      cipher.setAuthTag(file.subarray(start + length, start + length + 16))
      return Buffer.concat([cipher.update(file.subarray(start, start + length)), cipher.final()])
    }
    const first = chunk(HEADER_BYTES, 65_536, 0, 0)
    const second = chunk(HEADER_BYTES + 65_536 + 16, 1000, 1, 1)
    expect(Buffer.concat([first, second]).equals(content)).toBe(true)
  })
})

describe('damage', () => {
  test('the undamaged file opens', async () => {
    expect(await refusal(await sealed(randomBytes(100)))).toBeUndefined()
  })

  test('every byte of the header, each in two ways', async () => {
    const whole = await sealed(randomBytes(100))
    for (let index = 0; index < HEADER_BYTES; index++)
      for (const mask of [1, 0x80])
        expect(await refusal(flipped(whole, index, mask)), `${index}^${mask}`).toBe(
          'INVALID_CIPHERTEXT',
        )
  })

  test('every cut of a small file', async () => {
    const whole = await sealed(randomBytes(60))
    for (let length = 0; length < whole.length; length++)
      expect(await refusal(whole.subarray(0, length)), `${length}`).toBe('INVALID_CIPHERTEXT')
  })

  test('sampled bytes of three chunks, and cuts at and around their borders', async () => {
    const whole = await sealed(randomBytes(2 * 65_536 + 10))
    const body = Array.from({ length: 40 }, () => randomInt(HEADER_BYTES, whole.length))
    const borders = [1, 2].map((chunk) => HEADER_BYTES + chunk * (65_536 + 16))
    const edges = borders.flatMap((border) => [border - 17, border - 16, border - 1, border])
    for (const index of [...body, ...edges])
      expect(await refusal(flipped(whole, index)), `flip ${index}`).toBe('INVALID_CIPHERTEXT')
    for (const length of [...edges, ...borders.map((border) => border + 15)])
      expect(await refusal(whole.subarray(0, length)), `cut ${length}`).toBe('INVALID_CIPHERTEXT')
  })

  test('an empty chunk after a full one is no second form of the same file', async () => {
    const whole = await sealed(randomBytes(65_536))
    expect(whole.length).toBe(HEADER_BYTES + 65_536 + 16)
    expect(await refusal(Buffer.concat([whole, Buffer.alloc(16)]))).toBe('INVALID_CIPHERTEXT')
  })

  test('the body of one file under the header of another', async () => {
    const one = await sealed(randomBytes(50))
    const two = await sealed(randomBytes(50))
    const mixed = Buffer.concat([one.subarray(0, HEADER_BYTES), two.subarray(HEADER_BYTES)])
    expect(await refusal(mixed)).toBe('INVALID_CIPHERTEXT')
  })
})
