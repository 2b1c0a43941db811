/** Material from outside: under the wrapping key of a vault, and under import parameters. node:crypto is the importer. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  SPECS,
  WRAPPINGS,
  type PairSpec,
  type Spec,
  type Wrapping,
} from '../../src/domain/algorithms.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/bytes.ts'
import * as judge from './judge.ts'
import { codeOf, DAY_MS, flipped, imageOf, stage, type Room, type Stage } from './support.ts'

const MESSAGE = utf8('imported')
const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const WRAPPING_NAMES = Object.keys(WRAPPINGS) as Wrapping[]
const IMPORTED: readonly Spec[] = [
  'AES_128',
  'AES_192',
  'AES_256',
  'HMAC_224',
  'HMAC_512',
  'RSA_2048',
  'EC_P256',
  'EC_P384',
  'EC_P521',
  'EC_SECP256K1',
  'ED25519',
]
const isPair = (spec: Spec): spec is PairSpec => !['aes', 'hmac'].includes(SPECS[spec].family)
const fresh = (spec: Spec): Uint8Array =>
  isPair(spec) ? judge.pairOf(spec).pkcs8 : bytes(SPECS[spec].bytes)

/** That a key works with exactly this material. */
async function proves(room: Room, spec: Spec, keyId: string, material: Uint8Array) {
  const { family } = SPECS[spec]
  if (family === 'aes') {
    const made = await room.encrypt({ keyId, plaintext: MESSAGE, algorithm: 'AES_GCM' })
    const { iv, ciphertext, tag } = made
    const none = new Uint8Array(0)
    return judge.gcmOpen(material, none, { iv: iv!, ciphertext, tag: tag! }).length > 0
  }
  if (family === 'hmac') {
    const { mac } = await room.generateMac({ keyId, message: MESSAGE })
    const hash = `SHA_${SPECS[spec].bits}` as 'SHA_256'
    return Buffer.compare(mac, judge.hmacOf(hash, material, MESSAGE)) === 0
  }
  const algorithm = family === 'rsa' ? 'RSA_PSS_SHA_256' : undefined
  const signed = await room.sign({ keyId, message: MESSAGE, ...(algorithm && { algorithm }) })
  const spki = judge.spkiOf(judge.privateOf(material))
  return judge.holds(signed.algorithm, spki, MESSAGE, signed.signature)
}

describe('the wrapping key', () => {
  test('is one per vault, whoever asks first', async () => {
    const { room, vaultId } = await stage()
    const asked = await Promise.all([1, 2, 3].map(() => room.getWrappingKey({ vaultId })))
    const [first] = asked
    for (const one of asked) expect(one).toEqual(first)
    expect(await room.getWrappingKey({ vaultId })).toEqual(first)
    expect(judge.publicOf(first!.publicKey).asymmetricKeyDetails?.modulusLength).toBe(4096)
    expect(await room.getVault({ vaultId })).toMatchObject({ wrappingKeyId: first!.id })
    expect(await room.listKeys({ vaultId })).toEqual({ items: [] })
    const none = { keyCount: 0, keyVersionCount: 0 }
    expect(await room.getVaultUsage({ vaultId })).toMatchObject(none)
    await room.close()
  })

  test('serves imports and nothing else', async () => {
    const { room, vaultId } = await stage()
    const { id: keyId } = await room.getWrappingKey({ vaultId })
    const calls = [
      room.decrypt({ keyId, ciphertext: bytes(512), algorithm: 'RSA_OAEP_SHA_256' }),
      room.sign({ keyId, message: MESSAGE, algorithm: 'RSA_PSS_SHA_256' }),
      room.disableKey({ keyId }),
      room.scheduleKeyDeletion({ keyId }),
      room.destroyKey({ keyId }),
      room.createKeyVersion({ keyId }),
      room.createAlias({ keyId, name: 'alias/wrapping' }),
      room.exportKey({
        keyId,
        wrapping: 'RSA_OAEP_AES_SHA_256',
        publicKey: judge.pairOf('RSA_2048').spki,
      }),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('NOT_PERMITTED_FOR_KEY')
    await room.close()
  })

  test('must have been asked for before something comes under it', async () => {
    const { room, vaultId } = await stage()
    const asked = { vaultId, displayName: 'early', spec: 'AES_256', wrapped: bytes(512) } as const
    const call = room.importKey({ ...asked, wrapping: 'RSA_OAEP_SHA_256' })
    expect(await codeOf(call)).toBe('INVALID_KEY_MATERIAL')
    await room.close()
  })
})

describe('under the wrapping key', () => {
  let on: Stage
  let spki: Uint8Array
  beforeAll(async () => {
    on = await stage()
    spki = (await on.room.getWrappingKey({ vaultId: on.vaultId })).publicKey
    return () => on.room.close()
  })
  const importKey = (spec: Spec, wrapping: Wrapping, wrapped: Uint8Array) =>
    on.room.importKey({ vaultId: on.vaultId, displayName: spec, spec, wrapping, wrapped })

  const CASES = IMPORTED.flatMap((spec) =>
    WRAPPING_NAMES.filter((name) => spec !== 'RSA_2048' || WRAPPINGS[name].hybrid).map(
      (wrapping) => ({ spec, wrapping }),
    ),
  )
  test.each(CASES)('$spec by $wrapping', async ({ spec, wrapping }) => {
    const { room } = on
    const [first, second] = [fresh(spec), fresh(spec)]
    const key = await importKey(spec, wrapping, judge.wrapFor(wrapping, spki, first))
    expect(key).toMatchObject({ origin: 'imported', state: 'enabled', spec })
    expect(await proves(room, spec, key.id, first)).toBe(true)
    const wrapped = judge.wrapFor(wrapping, spki, second)
    const version = await room.importKeyVersion({ keyId: key.id, wrapping, wrapped })
    expect(version).toMatchObject({ number: 2, origin: 'imported', current: true })
    expect(await proves(room, spec, key.id, second)).toBe(true)
  })

  const HYBRID = 'RSA_OAEP_AES_SHA_256'
  const PLAIN = 'RSA_OAEP_SHA_256'
  type Make = () => Uint8Array
  const hybrid = (material: Uint8Array): Uint8Array => judge.wrapFor(HYBRID, spki, material)
  const plain = (material: Uint8Array): Uint8Array => judge.wrapFor(PLAIN, spki, material)
  const oaepHead = (temporary: Uint8Array): Uint8Array =>
    judge.oaep(judge.publicOf(spki), 'SHA_256', temporary)
  const ec = (): Uint8Array => judge.pairOf('EC_P256').pkcs8
  const p521Shaped = (): Uint8Array => judge.pairOf('EC_P521').pkcs8

  /** What somebody could send instead of the right thing. */
  const MALFORMED: readonly (readonly [string, Spec, Wrapping, Make])[] = [
    ['a key one byte short', 'AES_256', PLAIN, () => plain(bytes(31))],
    ['a key one byte long', 'AES_256', PLAIN, () => plain(bytes(33))],
    ['a key of another size', 'AES_128', HYBRID, () => hybrid(bytes(32))],
    ['a key of no bytes', 'AES_256', PLAIN, () => plain(new Uint8Array(0))],
    ['a MAC key of another hash', 'HMAC_512', PLAIN, () => plain(bytes(32))],
    ['another curve', 'EC_P256', HYBRID, () => hybrid(judge.pairOf('EC_P384').pkcs8)],
    ['a curve of the same size', 'EC_P256', PLAIN, () => plain(judge.pairOf('EC_SECP256K1').pkcs8)],
    ['an Edwards key for a curve', 'EC_P256', PLAIN, () => plain(judge.pairOf('ED25519').pkcs8)],
    ['a curve key for Edwards', 'ED25519', PLAIN, () => plain(ec())],
    ['another modulus', 'RSA_3072', HYBRID, () => hybrid(judge.pairOf('RSA_2048').pkcs8)],
    ['a public key', 'EC_P256', PLAIN, () => plain(judge.pairOf('EC_P256').spki)],
    ['a bare scalar', 'EC_P256', PLAIN, () => plain(bytes(32))],
    ['a PKCS#8 cut short', 'EC_P521', PLAIN, () => plain(p521Shaped().subarray(0, -1))],
    ['a PKCS#8 with a tail', 'EC_P521', PLAIN, () => plain(new Uint8Array([...p521Shaped(), 0]))],
    ['a public part of another pair', 'EC_P256', PLAIN, () => plain(flipped(ec(), -1))],
    ['noise', 'AES_256', PLAIN, () => bytes(512)],
    ['noise of the hybrid length', 'AES_256', HYBRID, () => bytes(552)],
    ['one byte', 'AES_256', PLAIN, () => bytes(1)],
    ['OAEP with the other hash', 'AES_256', 'RSA_OAEP_SHA_1', () => plain(bytes(32))],
    ['hybrid with the other hash', 'AES_256', 'RSA_OAEP_AES_SHA_1', () => hybrid(bytes(32))],
    ['a broken key wrap', 'AES_256', HYBRID, () => flipped(hybrid(bytes(32)), -1)],
    ['a key wrap cut short', 'AES_256', HYBRID, () => hybrid(bytes(32)).subarray(0, -8)],
    ['no key wrap at all', 'AES_256', HYBRID, () => plain(bytes(32))],
    ['a hybrid called plain', 'AES_256', PLAIN, () => hybrid(bytes(32))],
    [
      'a temporary key of 20 bytes',
      'AES_256',
      HYBRID,
      () => new Uint8Array([...oaepHead(bytes(20)), ...bytes(40)]),
    ],
    [
      'under the key of somebody else',
      'AES_256',
      PLAIN,
      () => judge.wrapFor(PLAIN, judge.pairOf('RSA_4096').spki, bytes(32)),
    ],
  ]
  const messages = new Map<Spec, Set<string>>()

  test.each(MALFORMED)('%s (for %s) is one refusal', async (_, spec, wrapping, make) => {
    const wrapped = make()
    const before = await imageOf(on.store)
    const error: unknown = await importKey(spec, wrapping, wrapped).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(StrongroomError)
    expect(error).toMatchObject({ code: 'INVALID_KEY_MATERIAL' })
    expect(error).not.toHaveProperty('cause')
    expect(await imageOf(on.store)).toBe(before)
    const known = messages.get(spec) ?? new Set()
    messages.set(spec, known.add((error as StrongroomError).message))
  })

  test('whatever was wrong, the words are the same', () => {
    for (const [, words] of messages) expect(words.size).toBe(1)
  })

  test('what is no material at all is refused by name', async () => {
    for (const wrapped of [new Uint8Array(0), bytes(8193)])
      expect(await codeOf(importKey('AES_256', PLAIN, wrapped))).toBe('INVALID_ARGUMENT')
    const wrapped = plain(bytes(32))
    const asked = { vaultId: on.vaultId, displayName: 'x', spec: 'AES_256', wrapped } as const
    for (const expiresAt of [new Date(on.clock.now()), new Date(on.clock.now() + 366 * DAY_MS)])
      expect(await codeOf(on.room.importKey({ ...asked, wrapping: PLAIN, expiresAt }))).toBe(
        'INVALID_ARGUMENT',
      )
  })
})
