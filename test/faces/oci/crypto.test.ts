/** Encryption and signatures: bounds, bindings, sums, and the same results elsewhere (contracts: OCI 8). */
import { constants, createHash, createPublicKey, publicEncrypt, verify } from 'node:crypto'
import type { models } from 'oci-keymanagement'
import { beforeAll, describe, expect, test } from 'vitest'
import { SIGNING } from '../../../src/faces/oci/shapes.ts'
import { AES, base64, ECDSA, refusal, RSA, word, onEachWay } from './world.ts'
import type { Furnished, World } from './world.ts'

onEachWay(({ world, facing }) => {
  let w: World
  let v: Furnished
  let aes: models.Key
  let rsa: models.Key
  let ec: models.Key
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    ;[aes, rsa, ec] = await Promise.all([v.key(), v.key(RSA), v.key(ECDSA)])
  })

  const bytes = (length: number) => base64(new Uint8Array(length).fill(7))
  const encrypt = async (keyId: string, plaintext: string, more: object = {}) =>
    (await v.crypto.encrypt({ encryptDataDetails: { keyId, plaintext, ...more } })).encryptedData
  const decrypt = async (keyId: string, ciphertext: string, more: object = {}) =>
    (await v.crypto.decrypt({ decryptDataDetails: { keyId, ciphertext, ...more } })).decryptedData
  const INVALID = '400 InvalidParameter'
  const oaep = (hash: string) => ({ encryptionAlgorithm: word(`RSA_OAEP_SHA_${hash}`) })

  describe('AES', () => {
    test.each([16, 24, 32])('keys of %i bytes are called AES_256_GCM alike', async (length) => {
      const { id } = await v.key({ ...AES, length })
      const { ciphertext, encryptionAlgorithm } = await encrypt(id, bytes(4096))
      expect(encryptionAlgorithm).toBe('AES_256_GCM')
      const opened = await decrypt(id, ciphertext, { encryptionAlgorithm: word('AES_256_GCM') })
      expect(opened.plaintext).toBe(bytes(4096))
    })

    test('an empty plaintext too, and base64 without padding', async () => {
      const { ciphertext } = await encrypt(aes.id, '')
      expect(await decrypt(aes.id, ciphertext)).toMatchObject({
        plaintext: '',
        plaintextChecksum: '0',
      })
      const bare = (await encrypt(aes.id, 'eHk')).ciphertext
      expect((await decrypt(aes.id, bare.replace(/=+$/, ''))).plaintext).toBe('eHk=')
    })

    test('associated data is bound in any order, logging context is not', async () => {
      const associatedData = { a: '1', b: '2' }
      const { ciphertext } = await encrypt(aes.id, 'eA==', {
        associatedData,
        loggingContext: { why: 'test' },
      })
      const opened = await decrypt(aes.id, ciphertext, {
        associatedData: { b: '2', a: '1' },
        loggingContext: { why: 'other' },
      })
      expect(opened.plaintext).toBe('eA==')
      for (const other of [{}, { a: '1' }, { a: '1', b: '3' }, { a: '1', b: '2', c: '' }])
        expect(await refusal(decrypt(aes.id, ciphertext, { associatedData: other }))).toBe(INVALID)
      expect(await refusal(decrypt(aes.id, ciphertext))).toBe(INVALID)
      const without = (await encrypt(aes.id, 'eA==', { associatedData: {} })).ciphertext
      expect((await decrypt(aes.id, without)).plaintext).toBe('eA==')
    })

    test('logging context goes into the journal of uses', async () => {
      const t = await world({}, { audit: 'all' })
      const { crypto, key } = await t.furnished()
      const [{ id: keyId }, signer] = [await key(), await key(ECDSA)]
      const loggingContext = { why: 'test' }
      const asked = { keyId, loggingContext }
      const { ciphertext } = (
        await crypto.encrypt({ encryptDataDetails: { ...asked, plaintext: 'eA==' } })
      ).encryptedData
      await crypto.decrypt({ decryptDataDetails: { ...asked, ciphertext } })
      await crypto.decrypt({ decryptDataDetails: { keyId, ciphertext } })
      const generateKeyDetails = { ...asked, includePlaintextKey: false, keyShape: AES }
      await crypto.generateDataEncryptionKey({ generateKeyDetails })
      const signDataDetails = {
        keyId: signer.id,
        loggingContext,
        message: 'eA==',
        signingAlgorithm: word('ECDSA_SHA_256'),
      }
      await crypto.sign({ signDataDetails })
      const notes: unknown[] = []
      for await (const { uses } of t.room.journal())
        notes.push(...uses.map(({ operation, note }) => [operation, note]))
      expect(notes).toEqual([
        ['encrypt', loggingContext],
        ['decrypt', loggingContext],
        ['decrypt', undefined],
        ['generateDataKey', loggingContext],
        ['sign', loggingContext],
      ])
      const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`n${i}`, '']))
      const refused = { encryptDataDetails: { keyId, plaintext: 'eA==', loggingContext: many } }
      expect(await refusal(crypto.encrypt(refused))).toBe(INVALID)
    })

    test('ciphertexts of older versions name their version', async () => {
      const { id, currentKeyVersion } = await v.key()
      const { ciphertext } = await encrypt(id, 'eA==')
      const { keyVersion } = await v.keys.createKeyVersion({ keyId: id })
      expect((await decrypt(id, ciphertext)).keyVersionId).toBe(currentKeyVersion)
      const other = decrypt(id, ciphertext, { keyVersionId: keyVersion.id })
      expect(await refusal(other)).toBe(INVALID)
      const older = encrypt(id, 'eA==', { keyVersionId: currentKeyVersion })
      expect(await refusal(older)).toBe(INVALID)
      expect((await encrypt(id, 'eA==')).keyVersionId).toBe(keyVersion.id)
    })

    test('what another face of the room encrypts opens here, and the other way', async () => {
      const context = { tenant: 'a' }
      const sealed = await encrypt(aes.id, 'eA==', { associatedData: context })
      const ciphertext = Buffer.from(sealed.ciphertext, 'base64')
      const opened = await w.room.decrypt({ ciphertext, context })
      expect(Buffer.from(opened.plaintext).toString()).toBe('x')
      const back = await w.room.encrypt({
        keyId: opened.keyId,
        plaintext: opened.plaintext,
        context,
      })
      const shown = await decrypt(aes.id, base64(back.ciphertext), { associatedData: context })
      expect(shown.plaintext).toBe('eA==')
    })
  })

  describe('RSA', () => {
    test.each([
      ['1', 214],
      ['256', 190],
    ])('OAEP with SHA-%s takes %i bytes', async (hash, max) => {
      const { ciphertext, encryptionAlgorithm } = await encrypt(rsa.id, bytes(max), oaep(hash))
      expect(encryptionAlgorithm).toBe(`RSA_OAEP_SHA_${hash}`)
      expect((await decrypt(rsa.id, ciphertext, oaep(hash))).plaintext).toBe(bytes(max))
      expect(await refusal(encrypt(rsa.id, bytes(max + 1), oaep(hash)))).toBe(INVALID)
    })

    test('the public key of a version encrypts elsewhere', async () => {
      const version = { keyId: rsa.id, keyVersionId: rsa.currentKeyVersion }
      const { keyVersion } = await v.keys.getKeyVersion(version)
      const key = { key: keyVersion.publicKey!, padding: constants.RSA_PKCS1_OAEP_PADDING }
      const ciphertext = base64(publicEncrypt({ ...key, oaepHash: 'sha256' }, Buffer.from('x')))
      expect((await decrypt(rsa.id, ciphertext, oaep('256'))).plaintext).toBe('eA==')
    })
  })

  describe('signatures', () => {
    const message = Buffer.from('signed here')
    const verifying = async (key: models.Key, details: object): Promise<boolean> => {
      const request = { keyId: key.id, keyVersionId: key.currentKeyVersion, ...details }
      const reply = await v.crypto.verify({
        verifyDataDetails: request as models.VerifyDataDetails,
      })
      return reply.verifiedData.isSignatureValid
    }
    const algorithms = Object.keys(SIGNING)

    test.each(algorithms)('%s of messages and digests, verified elsewhere', async (name) => {
      const key = name.startsWith('ECDSA') ? ec : rsa
      const signingAlgorithm = word(name)
      const hash = `sha${/SHA_(\d+)/.exec(name)![1]}`
      const digest = createHash(hash).update(message).digest()
      const { publicKey } = (
        await v.keys.getKeyVersion({ keyId: key.id, keyVersionId: key.currentKeyVersion })
      ).keyVersion
      const options = {
        key: createPublicKey(publicKey!),
        ...(name.endsWith('PSS') && {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }),
      }
      for (const [messageType, signed] of [
        ['RAW', message],
        ['DIGEST', digest],
      ] as const) {
        const details = {
          message: base64(signed),
          messageType: word(messageType),
          signingAlgorithm,
        }
        const reply = await v.crypto.sign({ signDataDetails: { keyId: key.id, ...details } })
        const { signature } = reply.signedData
        expect(verify(hash, message, options, Buffer.from(signature, 'base64'))).toBe(true)
        expect(await verifying(key, { ...details, signature })).toBe(true)
        const other = base64('another message')
        const changed = { ...details, message: other, messageType: word('RAW'), signature }
        expect(await verifying(key, changed)).toBe(false)
      }
    })

    test('a bad one is no error', async () => {
      const signingAlgorithm = word('SHA_256_RSA_PKCS1_V1_5')
      const details = { message: base64(message), signingAlgorithm }
      expect(await verifying(rsa, { ...details, signature: bytes(256) })).toBe(false)
      expect(await verifying(rsa, { ...details, signature: bytes(3) })).toBe(false)
    })
  })

  describe('refused', () => {
    const signing = (key: models.Key, details: object) =>
      v.crypto.sign({
        signDataDetails: {
          keyId: key.id,
          message: 'eA==',
          signingAlgorithm: word('ECDSA_SHA_256'),
          ...details,
        },
      })
    const dataKey = (keyId: string, keyShape: models.KeyShape) =>
      v.crypto.generateDataEncryptionKey({
        generateKeyDetails: { keyId, includePlaintextKey: false, keyShape },
      })
    const exporting = (key: models.Key, details: object) =>
      v.crypto.exportKey({
        exportKeyDetails: {
          keyId: key.id,
          algorithm: word('RSA_OAEP_SHA256'),
          publicKey: 'pem',
          ...details,
        },
      })
    const associatedData = { a: 'x'.repeat(4096) }
    test.each<[string, () => Promise<unknown>]>([
      ['a plaintext of 4097 bytes', () => encrypt(aes.id, bytes(4097))],
      ['a plaintext that is no base64', () => encrypt(aes.id, 'a-b_')],
      ['a plaintext of 5 letters', () => encrypt(aes.id, 'eHh4e')],
      ['associated data of 4096 characters', () => encrypt(aes.id, 'eA==', { associatedData })],
      [
        'associated data that is no string',
        () => encrypt(aes.id, 'eA==', { associatedData: { a: 1 } }),
      ],
      [
        'an algorithm that is none',
        () => encrypt(aes.id, 'eA==', { encryptionAlgorithm: 'ROT13' }),
      ],
      ['an algorithm of RSA for AES', () => encrypt(aes.id, 'eA==', oaep('256'))],
      ['RSA without an algorithm', () => encrypt(rsa.id, 'eA==')],
      [
        'RSA with associated data',
        () => encrypt(rsa.id, 'eA==', { ...oaep('1'), associatedData: { a: 'b' } }),
      ],
      ['encryption with ECDSA', () => encrypt(ec.id, 'eA==', oaep('1'))],
      ['a ciphertext of nobody', () => decrypt(aes.id, bytes(80))],
      ['signing with AES', () => signing(aes, {})],
      ['ECDSA with RSA', () => signing(rsa, {})],
      ['RSA with ECDSA', () => signing(ec, { signingAlgorithm: 'SHA_256_RSA_PKCS_PSS' })],
      ['a message of 4097 bytes', () => signing(ec, { message: bytes(4097) })],
      [
        'a digest of another length',
        () => signing(ec, { messageType: 'DIGEST', message: bytes(31) }),
      ],
      ['a message type that is none', () => signing(ec, { messageType: 'POEM' })],
      ['a data key of RSA', () => dataKey(rsa.id, AES)],
      ['a data key that is no AES', () => dataKey(aes.id, RSA)],
      ['the export of an HSM key', () => exporting(aes, {})],
      ['an export without PEM', () => exporting(aes, { publicKey: 'x' })],
    ])('%s', async (_, call) => {
      expect(await refusal(call())).toBe(INVALID)
    })

    test('what is missing is told apart', async () => {
      const missing = v.crypto.verify({
        verifyDataDetails: { keyId: ec.id, message: 'eA==' } as models.VerifyDataDetails,
      })
      expect(await refusal(missing)).toBe('400 MissingParameter')
    })

    test('data keys shorter than their master, by option', async () => {
      const { crypto } = (await facing(w.room, { strictDataKeys: true })).at(v.vault)
      const make = (length: number) =>
        crypto.generateDataEncryptionKey({
          generateKeyDetails: {
            keyId: aes.id,
            includePlaintextKey: false,
            keyShape: { ...AES, length },
          },
        })
      expect(await refusal(make(16))).toBe(INVALID)
      const { generatedKey } = await make(32)
      expect(generatedKey).toMatchObject({ plaintext: null, plaintextChecksum: null })
      expect((await decrypt(aes.id, generatedKey.ciphertext)).plaintext).toHaveLength(44)
    })
  })
})
