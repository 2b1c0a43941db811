/** ML-DSA and ML-KEM keys through a room: every operation that they take, and their whole life. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { isPair, PAIR_SPECS, SPECS, type PairSpec } from '../../src/domain/algorithms.ts'
import { isLattice, isMlKem, PARAMETER_SETS } from '../../src/crypto/parameter-sets.ts'
import type { LatticeSpec } from '../../src/crypto/parameter-sets.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { CRYPTOS, type Crypto } from './everything.ts'
import { keyBlob, vaultBlob } from './backup-support.ts'
import { pairOf, privateOf, unwrapWith, wrapFor } from './judge.ts'
import { codeOf, stage, type Room, type Stage } from './support.ts'
import { furnished } from '../replication/pair.ts'

const SPECS_HERE = PAIR_SPECS.filter(isLattice)
const KEMS = SPECS_HERE.filter(isMlKem)
const SIGNERS = SPECS_HERE.filter((spec) => !isMlKem(spec))
const MESSAGE = utf8('for a long time')
const HYBRID = 'RSA_OAEP_AES_SHA_256'

/** SHAKE256(SHAKE256(pk, 64) || 0 || 0 || M, 64): FIPS 204 algorithm 7, line 6. */
function muOf(spki: Uint8Array, message: Uint8Array): Uint8Array {
  const shake = (...parts: readonly Uint8Array[]) =>
    createHash('shake256', { outputLength: 64 })
      .update(concat(...parts))
      .digest()
  const header = 22
  return new Uint8Array(shake(shake(spki.subarray(header)), Uint8Array.of(0, 0), message))
}

/** What this key makes, and that it opens or verifies again. */
async function proves(room: Room, keyId: string, made?: Made): Promise<Made> {
  const { spec } = await room.getKey({ keyId })
  if (!isMlKem(spec as PairSpec)) {
    const signature = made?.output ?? (await room.sign({ keyId, message: MESSAGE })).signature
    expect((await room.verify({ keyId, message: MESSAGE, signature })).valid).toBe(true)
    return { output: signature, secret: MESSAGE }
  }
  const sealed = made
    ? { ciphertext: made.output, sharedSecret: made.secret }
    : await room.encapsulate({ keyId })
  const opened = await room.decapsulate({ keyId, ciphertext: sealed.ciphertext })
  expect(opened.sharedSecret).toEqual(sealed.sharedSecret)
  return { output: sealed.ciphertext, secret: sealed.sharedSecret }
}
interface Made {
  readonly output: Uint8Array
  readonly secret: Uint8Array
}

const make = (on: Stage, spec: LatticeSpec, more: object = {}) =>
  on.room.createKey({ vaultId: on.vaultId, displayName: spec, spec, ...more })

describe.each(CRYPTOS)('with the %s provider', (crypto) => {
  let on: Stage
  beforeAll(async () => {
    on = await stage(undefined, { crypto })
    return () => on.room.close()
  })

  test.each(SPECS_HERE)('%s: made, shown, used', async (spec) => {
    const key = await make(on, spec)
    expect(key).toMatchObject({ spec, purposes: [isMlKem(spec) ? 'encapsulate' : 'sign'] })
    await proves(on.room, key.id)
    const { publicKey, jwk } = await on.room.getPublicKey({ keyId: key.id })
    const version = await on.room.getKeyVersion({
      keyId: key.id,
      versionId: key.currentVersionId!,
    })
    expect(version.publicKey).toEqual(publicKey)
    expect(publicKey).toHaveLength(PARAMETER_SETS[spec].publicKey + 22)
    expect(jwk).toEqual({
      kty: 'AKP',
      alg: spec.replaceAll('_', '-'),
      pub: Buffer.from(publicKey.subarray(22)).toString('base64url'),
    })
  })

  test.each(SIGNERS)('%s: signs messages and external mu, and no digests', async (spec) => {
    const { room } = on
    const { id: keyId } = await make(on, spec)
    const { publicKey } = await room.getPublicKey({ keyId })
    const mu = { keyId, message: muOf(publicKey, MESSAGE), messageType: 'externalMu' } as const
    const raw = { keyId, message: MESSAGE }
    for (const asked of [raw, { ...raw, algorithm: 'ML_DSA', messageType: 'raw' } as const, mu]) {
      const { signature, algorithm } = await room.sign(asked)
      expect(algorithm).toBe('ML_DSA')
      expect(signature).toHaveLength(PARAMETER_SETS[spec].output)
      for (const form of [raw, mu])
        expect(await room.verify({ ...form, signature })).toMatchObject({ valid: true })
      const other = { keyId, message: utf8('another'), signature }
      expect(await room.verify(other)).toMatchObject({ valid: false })
    }
    const long = { keyId, message: new Uint8Array(65_536).fill(1) }
    const { signature } = await room.sign(long)
    expect(await room.verify({ ...long, signature })).toMatchObject({ valid: true })
    for (const length of [0, 32, 63, 65]) {
      const asked = { ...mu, message: new Uint8Array(length) }
      expect(await codeOf(room.sign(asked))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(room.verify({ ...asked, signature }))).toBe('INVALID_ARGUMENT')
    }
    const refused = [
      [{ ...mu, messageType: 'digest' as const }, 'INVALID_ARGUMENT'],
      [{ ...raw, format: 'raw' as const }, 'INVALID_ARGUMENT'],
      [{ ...raw, algorithm: 'ED25519' as const }, 'UNSUPPORTED'],
      [{ ...raw, algorithm: 'ECDSA_SHA_256' as const }, 'UNSUPPORTED'],
    ] as const
    for (const [asked, code] of refused) {
      expect(await codeOf(room.sign(asked))).toBe(code)
      expect(await codeOf(room.verify({ ...asked, signature }))).toBe(code)
    }
  })

  test.each(KEMS)('%s: ciphertexts that nobody made open to something else', async (spec) => {
    const { room } = on
    const [{ id: keyId }, { id: other }] = [await make(on, spec), await make(on, spec)]
    const one = await room.encapsulate({ keyId })
    const two = await room.encapsulate({ keyId })
    expect(one.ciphertext).toHaveLength(PARAMETER_SETS[spec].output)
    expect(one.sharedSecret).toHaveLength(32)
    expect(two.sharedSecret).not.toEqual(one.sharedSecret)
    const wrong = await room.decapsulate({ keyId: other, ciphertext: one.ciphertext })
    expect(wrong.sharedSecret).toHaveLength(32)
    expect(wrong.sharedSecret).not.toEqual(one.sharedSecret)
    const again = await room.decapsulate({ keyId: other, ciphertext: one.ciphertext })
    expect(again).toEqual(wrong)
    for (const length of [1, 32, one.ciphertext.length - 1, one.ciphertext.length + 1]) {
      const ciphertext = new Uint8Array(length)
      expect(await codeOf(room.decapsulate({ keyId, ciphertext }))).toBe('INVALID_CIPHERTEXT')
    }
    const empty = new Uint8Array(0)
    expect(await codeOf(room.decapsulate({ keyId, ciphertext: empty }))).toBe('INVALID_ARGUMENT')
  })

  test.each(SPECS_HERE)('%s: data key pairs', async (pairSpec) => {
    const { room, vaultId } = on
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'aes', spec: 'AES_256' })
    const context = { use: 'pairs' }
    const made = await room.generateDataKeyPair({ keyId, pairSpec, context })
    const sealed = await room.generateDataKeyPair({ keyId, pairSpec, withoutPlaintext: true })
    expect(sealed.privateKey).toBeUndefined()
    const { plaintext } = await room.decrypt({ ciphertext: made.ciphertext, context })
    expect(plaintext).toEqual(made.privateKey)
    // RFC 9881 6, RFC 9935 6: the seed, tagged [0], and nothing beside it.
    expect(plaintext).toHaveLength(SPECS[pairSpec].bytes + 22)
    const pair = await PROVIDERS[crypto].parsePkcs8(pairSpec, plaintext)
    expect(pair!.publicKey).toEqual(made.publicKey)
  })
})

describe('purposes, states and versions', () => {
  let on: Stage
  beforeAll(async () => {
    on = await stage()
    return () => on.room.close()
  })

  test('a key does what its family does', async () => {
    const { room, vaultId } = on
    const [kem, signer] = [await make(on, 'ML_KEM_512'), await make(on, 'ML_DSA_44')]
    const ciphertext = new Uint8Array(768)
    const calls = [
      [() => room.sign({ keyId: kem.id, message: MESSAGE }), 'NOT_PERMITTED_FOR_KEY'],
      [() => room.encapsulate({ keyId: signer.id }), 'NOT_PERMITTED_FOR_KEY'],
      [() => room.decapsulate({ keyId: signer.id, ciphertext }), 'NOT_PERMITTED_FOR_KEY'],
      [() => room.encrypt({ keyId: kem.id, plaintext: MESSAGE }), 'NOT_PERMITTED_FOR_KEY'],
      [() => make(on, 'ML_KEM_768', { purposes: ['sign'] }), 'UNSUPPORTED'],
      [() => make(on, 'ML_DSA_65', { purposes: ['encapsulate'] }), 'UNSUPPORTED'],
    ] as const
    for (const [call, code] of calls) expect(await codeOf(call())).toBe(code)
    const { id: ec } = await room.createKey({ vaultId, displayName: 'ec', spec: 'EC_P256' })
    for (const spec of ['EC_P256', 'ED25519'] as const) {
      const { id: keyId } = await room.createKey({ vaultId, displayName: spec, spec })
      const asked = { keyId, message: new Uint8Array(64), messageType: 'externalMu' } as const
      expect(await codeOf(room.sign(asked))).toBe('INVALID_ARGUMENT')
    }
    expect(await codeOf(room.encapsulate({ keyId: ec }))).toBe('NOT_PERMITTED_FOR_KEY')
  })

  test('a version may be limited to one half', async () => {
    const { id: keyId } = await make(on, 'ML_KEM_512', {
      version: { operations: ['decapsulate'] },
    })
    expect(await codeOf(on.room.encapsulate({ keyId }))).toBe('NOT_PERMITTED_FOR_KEY')
    const ciphertext = new Uint8Array(768)
    expect(await codeOf(on.room.decapsulate({ keyId, ciphertext }))).toBe('ok')
  })

  test('older versions decapsulate when they are named, and encapsulate no more', async () => {
    const { room } = on
    const { id: keyId, currentVersionId } = await make(on, 'ML_KEM_512')
    const { ciphertext, sharedSecret, versionId } = await room.encapsulate({ keyId })
    expect(versionId).toBe(currentVersionId)
    await room.createKeyVersion({ keyId })
    const opened = await room.decapsulate({ keyId, versionId, ciphertext })
    expect(opened).toEqual({ sharedSecret, keyId, versionId })
    // The ciphertext names no version: the current one rejects it, without a word.
    expect((await room.decapsulate({ keyId, ciphertext })).sharedSecret).not.toEqual(sharedSecret)
    expect(await codeOf(room.encapsulate({ keyId, versionId }))).toBe('NOT_PERMITTED_FOR_KEY')
  })

  test.each(['ML_DSA_44', 'ML_KEM_512'] as const)('%s: nothing while disabled', async (spec) => {
    const { room } = on
    const { id: keyId } = await make(on, spec)
    const made = await proves(room, keyId)
    await room.disableKey({ keyId })
    const { output: ciphertext } = made
    const calls = isMlKem(spec)
      ? [() => room.encapsulate({ keyId }), () => room.decapsulate({ keyId, ciphertext })]
      : [() => room.sign({ keyId, message: MESSAGE })]
    for (const call of calls) expect(await codeOf(call())).toBe('INVALID_STATE')
    await room.enableKey({ keyId })
    await proves(room, keyId, made)
  })

  test('lists by algorithm', async () => {
    const { room, vaultId } = on
    for (const [algorithm, prefix] of [
      ['ML_DSA', 'ML_DSA_'],
      ['ML_KEM', 'ML_KEM_'],
    ] as const) {
      const { items } = await room.listKeys({ vaultId, algorithm })
      expect(items.length).toBeGreaterThan(0)
      for (const { spec } of items) expect(spec.startsWith(prefix)).toBe(true)
    }
  })
})

describe('in and out', () => {
  const RECIPIENT = pairOf('RSA_2048')
  let on: Stage
  let wrappingKey: Uint8Array
  beforeAll(async () => {
    on = await stage()
    wrappingKey = (await on.room.getWrappingKey({ vaultId: on.vaultId })).publicKey
    return () => on.room.close()
  })
  const exported = async (keyId: string): Promise<Uint8Array> => {
    const asked = { keyId, wrapping: HYBRID, publicKey: RECIPIENT.spki } as const
    const { wrapped } = await on.room.exportKey(asked)
    return unwrapWith(HYBRID, privateOf(RECIPIENT.pkcs8), wrapped)
  }
  const importing = (spec: PairSpec, pkcs8: Uint8Array) =>
    on.room.importKey({
      vaultId: on.vaultId,
      displayName: 'in',
      spec,
      wrapping: HYBRID,
      wrapped: wrapFor(HYBRID, wrappingKey, pkcs8),
      protectionMode: 'SOFTWARE',
    })

  test.each(SPECS_HERE)('%s: what is exported is the seed form, and comes back', async (spec) => {
    const key = await make(on, spec, { protectionMode: 'SOFTWARE' })
    const made = await proves(on.room, key.id)
    const pkcs8 = await exported(key.id)
    expect(pkcs8).toHaveLength(PARAMETER_SETS[spec].seed + 22)
    const again = await importing(spec, pkcs8)
    await proves(on.room, again.id, made)
    expect(await exported(again.id)).toEqual(pkcs8)
    expect((await on.room.getPublicKey({ keyId: again.id })).publicKey).toEqual(
      (await on.room.getPublicKey({ keyId: key.id })).publicKey,
    )
  })

  test('a key of another parameter set, a classical one and noise are refused', async () => {
    const { pkcs8 } = pairOf('EC_P256')
    const seed = await exported((await make(on, 'ML_KEM_512', { protectionMode: 'SOFTWARE' })).id)
    for (const [spec, material] of [
      ['ML_KEM_768', seed],
      ['ML_DSA_44', seed],
      ['ML_KEM_512', pkcs8],
      ['EC_P256', seed],
      ['ML_KEM_512', seed.subarray(1)],
      ['ML_KEM_512', seed.subarray(22)],
    ] as const)
      expect(await codeOf(importing(spec, material))).toBe('INVALID_KEY_MATERIAL')
  })

  test('a secret of a caller becomes a key as it is', async () => {
    const pair = await PROVIDERS.node.generatePair('ML_DSA_44')
    const material = PROVIDERS.node.toPkcs8('ML_DSA_44', pair.privateKey)
    const key = await make(on, 'ML_DSA_44', { material })
    expect((await on.room.getPublicKey({ keyId: key.id })).publicKey).toEqual(pair.publicKey)
    const bad = make(on, 'ML_DSA_44', { material: material.subarray(1) })
    expect(await codeOf(bad)).toBe('INVALID_KEY_MATERIAL')
  })

  test('material that was deleted comes back as the same, and no other does', async () => {
    const { room } = on
    const { id: keyId } = await make(on, 'ML_KEM_512', { origin: 'imported' })
    const give = async (pkcs8: Uint8Array) => {
      const asked = { keyId, wrapping: HYBRID, wrappingSpec: 'RSA_2048' } as const
      const { publicKey, importToken } = await room.getImportParameters(asked)
      const wrapped = wrapFor(HYBRID, publicKey, pkcs8)
      return codeOf(room.importKeyMaterial({ keyId, importToken, wrapped }))
    }
    const forms = await Promise.all(
      [0, 1].map(async () => {
        const { privateKey } = await PROVIDERS.node.generatePair('ML_KEM_512')
        return PROVIDERS.node.toPkcs8('ML_KEM_512', privateKey)
      }),
    )
    expect(await give(forms[0]!)).toBe('ok')
    const made = await proves(room, keyId)
    await room.deleteKeyMaterial({ keyId })
    expect(await codeOf(room.encapsulate({ keyId }))).toBe('INVALID_STATE')
    expect(await give(forms[1]!)).toBe('INVALID_KEY_MATERIAL')
    expect(await give(forms[0]!)).toBe('ok')
    await proves(room, keyId, made)
  })
})

describe('at rest', () => {
  const others: Readonly<Record<Crypto, Crypto>> = { node: 'portable', portable: 'node' }

  test.each(CRYPTOS)(
    'what a room with the %s provider made, the other goes on with',
    async (one) => {
      const on = await stage(undefined, { crypto: one })
      const made = new Map<string, Made>()
      for (const spec of SPECS_HERE) {
        const { id } = await make(on, spec)
        made.set(id, await proves(on.room, id))
      }
      const room = await on.again({ crypto: others[one] })
      for (const [id, before] of made) await proves(room, id, before)
      await room.close()
    },
  )

  test.each(['ML_DSA_65', 'ML_KEM_768'] as const)('%s: backups bring it back', async (spec) => {
    const on = await stage()
    const { id: keyId } = await make(on, spec)
    const made = await proves(on.room, keyId)
    const [single, whole] = [await keyBlob(on.room, keyId), await vaultBlob(on.room, on.vaultId)]
    const copy = await on.room.restoreKey({ blob: single, newIds: true })
    expect(isPair(copy.spec)).toBe(true)
    await proves(on.room, copy.id, made)
    await on.room.scheduleVaultDeletion({ vaultId: on.vaultId })
    on.clock.advance({ days: 31 })
    await on.room.tick()
    await on.room.restoreVault({ blob: whole })
    await proves(on.room, keyId, made)
    await on.room.close()
  })

  test('a replica serves both', async () => {
    const { us, eu, vaultId } = await furnished()
    const ids: [string, Made][] = []
    for (const spec of ['ML_DSA_44', 'ML_KEM_512'] as const) {
      const { id } = await us.createKey({ vaultId, displayName: spec, spec })
      ids.push([id, await proves(us, id)])
    }
    await eu.replicate()
    for (const [id, made] of ids) await proves(eu, id, made)
    await Promise.all([us.close(), eu.close()])
  })
})
