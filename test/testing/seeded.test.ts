/** One seed, one world: every byte that a room makes comes from the seed and the clock. */
import { describe, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import type { Spec } from '../../src/domain/algorithms.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import type { Room } from '../model/real.ts'

const MESSAGE = utf8('the same again')
const SYMMETRIC: readonly Spec[] = ['AES_128', 'AES_192', 'AES_256']
const MACS: readonly Spec[] = ['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512']
const PAIRS: readonly Spec[] = [
  'EC_P256',
  'EC_P384',
  'EC_P521',
  'EC_SECP256K1',
  'ED25519',
  'ML_DSA_44',
  'ML_DSA_65',
  'ML_DSA_87',
]
const KEMS: readonly Spec[] = ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024']

function bytesOf(seed: string | number, ...sizes: readonly number[]): string {
  const random = seededRandom(seed)
  return sizes
    .map((size) => {
      const target = new Uint8Array(size)
      random.fill(target)
      return toHex(target)
    })
    .join('')
}

describe('seededRandom', () => {
  test('is one stream, however it is cut', () => {
    const whole = bytesOf('x', 10_000)
    expect(bytesOf('x', 1, 2, 3, 0, 4094, 4096, 1804)).toBe(whole)
    expect(bytesOf('x', 10_000)).toBe(whole)
  })

  test('differs by seed, and takes numbers', () => {
    expect(bytesOf('x', 32)).not.toBe(bytesOf('y', 32))
    expect(bytesOf(7, 32)).toBe(bytesOf('7', 32))
    expect(bytesOf('', 32)).not.toBe(bytesOf('0', 32))
  })

  test('looks random, and never repeats a chunk', () => {
    const text = bytesOf('x', 65_536)
    const chunks = text.match(/.{8192}/g)!
    expect(new Set(chunks).size).toBe(16)
    const ones = [...Buffer.from(text, 'hex')].reduce((sum, byte) => sum + bits(byte), 0)
    expect(Math.abs(ones / (65_536 * 8) - 0.5)).toBeLessThan(0.01)
  })

  test('says of itself that it can be foretold', () => {
    expect(seededRandom('x').deterministic).toBe(true)
  })

  test('never changes: the published stream of the seed x', () => {
    expect(bytesOf('x', 16)).toBe('1b5441e8f499ba67b73eb8754ab2ae32')
  })
})

const bits = (byte: number): number => byte.toString(2).replaceAll('0', '').length

/** Everything that a room makes, in the order in which it made it. */
async function record(seed: string, act: (room: Room, vaultId: string) => Promise<unknown[]>) {
  const room: Room = await Strongroom.open({
    random: seededRandom(seed),
    clock: new VirtualClock(),
  })
  const vault = await room.createVault({ displayName: 'seeded' })
  const made = await act(room, vault.id)
  await room.close()
  return [vault, ...made]
}

async function everything(room: Room, vaultId: string): Promise<unknown[]> {
  const made: unknown[] = []
  const create = async (spec: Spec) => {
    const key = await room.createKey({ vaultId, displayName: spec, spec })
    made.push(key)
    return key.id
  }
  for (const spec of SYMMETRIC) {
    const keyId = await create(spec)
    made.push(await room.encrypt({ keyId, plaintext: MESSAGE, context: { a: 'b' } }))
    made.push(await room.encrypt({ keyId, plaintext: MESSAGE, algorithm: 'AES_GCM' }))
    made.push(await room.generateDataKey({ keyId }))
    made.push(await room.createKeyVersion({ keyId }))
  }
  for (const spec of MACS)
    made.push(await room.generateMac({ keyId: await create(spec), message: MESSAGE }))
  for (const spec of PAIRS) {
    const keyId = await create(spec)
    made.push(await room.sign({ keyId, message: MESSAGE }))
    made.push(await room.getPublicKey({ keyId }))
  }
  for (const spec of KEMS) {
    const keyId = await create(spec)
    made.push(await room.encapsulate({ keyId }), await room.getPublicKey({ keyId }))
  }
  made.push(await room.generateRandom({ lengthBytes: 40 }))
  return made
}

async function rsa(room: Room, vaultId: string): Promise<unknown[]> {
  const purposes = ['sign', 'encrypt'] as const
  const { id: keyId } = await room.createKey({
    vaultId,
    displayName: 'rsa',
    spec: 'RSA_2048',
    purposes,
  })
  return [
    await room.getPublicKey({ keyId }),
    await room.sign({ keyId, message: MESSAGE, algorithm: 'RSA_PKCS1_SHA_256' }),
    await room.sign({ keyId, message: MESSAGE, algorithm: 'RSA_PSS_SHA_256' }),
    await room.encrypt({ keyId, plaintext: MESSAGE, algorithm: 'RSA_OAEP_SHA_256' }),
  ]
}

describe('two rooms of one seed', () => {
  test('ids, ciphertexts, MACs, public keys and signatures are the same', async () => {
    const first = await record('x', everything)
    expect(await record('x', everything)).toEqual(first)
    expect(await record('y', everything)).not.toEqual(first)
  })

  test('RSA too', { timeout: 600_000 }, async () => {
    expect(await record('x', rsa)).toEqual(await record('x', rsa))
  })
})
