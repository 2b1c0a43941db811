/**
 * One ciphertext under two keys. AES-GCM alone does not bind a ciphertext to its key: who knows
 * both keys makes one body and one tag that open under either. In our own form the commitment
 * decides: at most one key opens it.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { ciphertextAad, ciphertextHeader } from '../../src/format/ciphertext.ts'
import { canonicalContext } from '../../src/format/context.ts'
import { cmacSubkey, writeKdfInput } from '../../src/crypto/xaes.ts'
import { CREATE } from '../crypto/support.ts'
import { wrapFor } from '../engine/judge.ts'
import { codeOf } from '../engine/support.ts'
import { withFewPairs } from '../helpers/provider.ts'
import { collide, inverse, multiply, tagOf, type Reader } from './gf128.ts'
import { Chance } from '../campaigns/chance.ts'
import { SEED, turns } from './kit.ts'

const dice = new Chance(SEED)
const CONTEXT = { table: 'orders' }
const CHOSEN = utf8('the same bytes for two readers..')
type AesSpec = 'AES_128' | 'AES_192' | 'AES_256'
const BYTES: Readonly<Record<AesSpec, number>> = { AES_128: 16, AES_192: 24, AES_256: 32 }
const SPECS = Object.keys(BYTES) as readonly AesSpec[]

describe('the arithmetic of the attack', () => {
  test('the field: inverses, and the product of the standard', () => {
    for (let i = 0; i < 20; i++) {
      const x = BigInt(`0x${Buffer.from(dice.bytes(16)).toString('hex')}`) | 1n
      expect(multiply(x, inverse(x))).toBe(1n << 127n)
    }
  })

  test('the tag: that of node:crypto', () => {
    for (const length of [0, 1, 16, 33]) {
      const reader = { key: dice.bytes(32), iv: dice.bytes(12), aad: dice.bytes(length) }
      const cipher = createCipheriv('aes-256-gcm', reader.key, reader.iv, { authTagLength: 16 })
      cipher.setAAD(reader.aad)
      const ciphertext = new Uint8Array(cipher.update(dice.bytes(length)))
      cipher.final()
      expect(tagOf(reader, ciphertext)).toEqual(new Uint8Array(cipher.getAuthTag()))
    }
  })
})

/** Plain AES-GCM, with no commitment: true when it takes the message. */
function plainGcmTakes({ key, iv, aad }: Reader, ciphertext: Uint8Array, tag: Uint8Array): boolean {
  const name = `aes-${(key.length * 8) as 256}-gcm` as const
  const decipher = createDecipheriv(name, key, iv, { authTagLength: 16 })
  decipher.setAAD(aad).setAuthTag(tag)
  decipher.update(ciphertext)
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}

interface Owned {
  readonly keyId: string
  readonly versionId: string
  readonly material: Uint8Array
}

/** Keys whose material the attacker knows, since it is theirs. */
async function imported(room: Strongroom, vaultId: string, spec: AesSpec): Promise<Owned> {
  const made = { vaultId, displayName: 'k', spec, origin: 'imported' } as const
  const { id: keyId } = await room.createKey(made)
  const wrapping = 'RSA_OAEP_SHA_256'
  const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const material = dice.bytes(BYTES[spec])
  const wrapped = wrapFor(wrapping, publicKey, material)
  const { currentVersionId } = await room.importKeyMaterial({ keyId, importToken, wrapped })
  return { keyId, versionId: currentVersionId!, material }
}

/** XAES of C2SP and the commitment, from its definition: message key and commitment of a nonce. */
function derived(material: Uint8Array, nonce: Uint8Array) {
  const name = `aes-${material.length * 8}-ecb`
  const ecb = createCipheriv(name, material, null).setAutoPadding(false)
  const k1 = cmacSubkey(new Uint8Array(ecb.update(new Uint8Array(16))))
  const blocks = new Uint8Array(64)
  writeKdfInput(k1, nonce, 0, blocks, 0)
  const out = new Uint8Array(ecb.update(blocks))
  return { key: out.subarray(0, material.length), commitment: out.subarray(32) }
}

describe.each(['node', 'portable'] as const)('a room on the %s provider', (crypto) => {
  let room: Strongroom
  let vaultId = ''
  const owned = new Map<AesSpec, readonly [Owned, Owned]>()
  beforeAll(async () => {
    room = await Strongroom.open({ crypto: withFewPairs(CREATE[crypto]()) })
    vaultId = (await room.createVault({ displayName: 'two' })).id
    for (const spec of SPECS)
      owned.set(spec, [await imported(room, vaultId, spec), await imported(room, vaultId, spec)])
  })
  afterAll(async () => {
    await room.close()
  })

  /** Header, nonce and so on of the crafted message as each of both readers takes it. */
  function crafted(spec: AesSpec) {
    const keys = owned.get(spec)!
    const nonce = dice.bytes(24)
    const readers = keys.map(({ versionId, material }) => {
      const header = ciphertextHeader(spec, versionId)
      const { key, commitment } = derived(material, nonce)
      const aad = ciphertextAad(header, canonicalContext(CONTEXT))
      return { header, commitment, key, iv: nonce.subarray(12), aad }
    })
    const [one, two] = readers as [(typeof readers)[0], (typeof readers)[0]]
    const { ciphertext, tag } = collide([one, two], CHOSEN)
    const packed = (header: Uint8Array, commitment: Uint8Array, end = tag): Uint8Array =>
      Uint8Array.of(...header, ...nonce, ...commitment, ...ciphertext, ...end)
    return { keys, readers: [one, two] as const, ciphertext, tag, packed }
  }

  const opens = (ciphertext: Uint8Array, keyId?: string) =>
    codeOf(room.decrypt({ ciphertext, context: CONTEXT, ...(keyId !== undefined && { keyId }) }))

  test.each(SPECS)('%s: raw AES-GCM opens one message under both keys', async (spec) => {
    const keys = owned.get(spec)!
    const [iv, aad] = [dice.bytes(12), utf8('shared')]
    const [a, b] = keys.map(({ material }) => ({ key: material, iv, aad }))
    const { ciphertext, tag } = collide([a!, b!], CHOSEN)
    const texts: Uint8Array[] = []
    for (const { keyId } of keys) {
      const input = { keyId, ciphertext, tag, iv, aad, algorithm: 'AES_GCM' } as const
      texts.push((await room.decrypt(input)).plaintext)
    }
    expect(texts[0]).toHaveLength(ciphertext.length)
    expect(texts[0]).not.toEqual(texts[1])
  })

  test.each(SPECS)('%s: without the commitment our own form would do the same', (spec) => {
    const { readers, ciphertext, tag } = crafted(spec)
    for (const reader of readers) expect(plainGcmTakes(reader, ciphertext, tag)).toBe(true)
  })

  test.each(SPECS)('%s: with it, one key opens and the other refuses', async (spec) => {
    const { readers, packed } = crafted(spec)
    const [one, two] = readers
    expect(await opens(packed(one.header, one.commitment))).toBe('ok')
    expect(await opens(packed(two.header, one.commitment))).toBe('INVALID_CIPHERTEXT')
    expect(await opens(packed(two.header, two.commitment))).toBe('ok')
    expect(await opens(packed(one.header, two.commitment))).toBe('INVALID_CIPHERTEXT')
  })

  test.each(SPECS)('%s: no mixture of both commitments serves both', async (spec) => {
    const { readers, packed } = crafted(spec)
    const [one, two] = readers
    const mixtures = [
      new Uint8Array(32),
      one.commitment.map((byte, i) => byte ^ two.commitment[i]!),
      Uint8Array.of(...one.commitment.subarray(0, 16), ...two.commitment.subarray(16)),
      Uint8Array.of(...two.commitment.subarray(0, 31), one.commitment[31]!),
    ]
    for (const mixture of mixtures)
      for (const { header } of readers)
        expect(await opens(packed(header, mixture))).toBe('INVALID_CIPHERTEXT')
  })

  test.each(SPECS)(
    '%s: nor a tag that foresees what a wrong commitment does to it',
    async (spec) => {
      const { readers, packed, tag } = crafted(spec)
      const [one, two] = readers
      for (const foreseen of turns(tag)) {
        expect(await opens(packed(one.header, two.commitment, foreseen))).toBe('INVALID_CIPHERTEXT')
        expect(await opens(packed(two.header, one.commitment, foreseen))).toBe('INVALID_CIPHERTEXT')
      }
    },
  )

  test.each(SPECS)('%s: nor does naming the other key', async (spec) => {
    const { keys, readers, packed } = crafted(spec)
    const blob = packed(readers[0].header, readers[0].commitment)
    expect(await opens(blob, keys[0].keyId)).toBe('ok')
    expect(await opens(blob, keys[1].keyId)).toBe('INVALID_CIPHERTEXT')
  })
})
