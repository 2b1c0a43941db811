/** Material that comes in and goes out under RSA keys (contracts: OCI 7). */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import type { models } from 'oci-keymanagement'
import { beforeAll, describe, expect, test } from 'vitest'
import { AES, base64, COMPARTMENT, ECDSA, refusal, RSA, word, onEachWay } from './world.ts'
import type { Furnished, World } from './world.ts'

onEachWay(({ world, facing }) => {
  let w: World
  let v: Furnished
  let wrappingKey: string
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    wrappingKey = (await v.keys.getWrappingKey({})).wrappingKey.publicKey
  })

  const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  /** RFC 5649 section 3. */
  const KWP_IV = Buffer.from('A65959A6', 'hex')

  const direct = (material: Uint8Array) => ({
    keyMaterial: base64(publicEncrypt({ key: wrappingKey, ...OAEP }, material)),
    wrappingAlgorithm: word('RSA_OAEP_SHA256'),
  })
  /** CKM_RSA_AES_KEY_WRAP of PKCS #11. */
  function hybrid(material: Uint8Array, tempBytes = 32): models.WrappedImportKey {
    const temp = randomBytes(tempBytes)
    const cipher = createCipheriv(`id-aes${tempBytes * 8}-wrap-pad`, temp, KWP_IV)
    const wrapped = Buffer.concat([cipher.update(material), cipher.final()])
    const block = publicEncrypt({ key: wrappingKey, ...OAEP }, temp)
    return {
      keyMaterial: base64(Buffer.concat([block, wrapped])),
      wrappingAlgorithm: word('RSA_OAEP_AES_SHA256'),
    }
  }
  const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' })
  const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ecPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  const importing = (keyShape: models.KeyShape, wrappedImportKey: object, more: object = {}) =>
    v.keys.importKey({
      importKeyDetails: {
        compartmentId: COMPARTMENT,
        displayName: 'brought',
        keyShape,
        wrappedImportKey: wrappedImportKey as models.WrappedImportKey,
        ...more,
      },
    })

  describe('import', () => {
    test.each([16, 24, 32])('of %i bytes of AES, both ways', async (length) => {
      const material = randomBytes(length)
      for (const wrapped of [direct(material), hybrid(material), hybrid(material, 16)]) {
        const { key } = await importing({ ...AES, length }, wrapped)
        expect(key).toMatchObject({ lifecycleState: 'ENABLED', protectionMode: 'HSM' })
      }
    })

    test('of an RSA key, whose public half is derived', async () => {
      const { key } = await importing(RSA, hybrid(pkcs8(rsaPair.privateKey)), {
        protectionMode: 'SOFTWARE',
      })
      const { keyVersion } = await v.keys.getKeyVersion({
        keyId: key.id,
        keyVersionId: key.currentKeyVersion,
      })
      expect(keyVersion.origin).toBe('EXTERNAL')
      expect(keyVersion.publicKey).toBe(rsaPair.publicKey.export({ type: 'spki', format: 'pem' }))
    })

    test('of a version, which becomes the current one', async () => {
      const { id: keyId } = await v.key()
      const wrappedImportKey = direct(randomBytes(32))
      const importKeyVersionDetails = { wrappedImportKey }
      await v.keys.importKeyVersion({ keyId, importKeyVersionDetails })
      const other = { wrappedImportKey: direct(randomBytes(16)) }
      const call = v.keys.importKeyVersion({ keyId, importKeyVersionDetails: other })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })

    test.each<[string, () => Promise<unknown>]>([
      ['of another length than the shape', () => importing(AES, direct(randomBytes(16)))],
      [
        'of what nobody wrapped',
        () => importing(AES, { ...direct(randomBytes(32)), keyMaterial: base64(randomBytes(512)) }),
      ],
      ['of RSA without the hybrid form', () => importing(RSA, direct(randomBytes(32)))],
      [
        'of another modulus',
        () => importing({ ...RSA, length: 384 }, hybrid(pkcs8(rsaPair.privateKey))),
      ],
      ['of ECDSA keys', () => importing(ECDSA, hybrid(pkcs8(ecPair.privateKey)))],
      [
        'of an ECDSA version',
        async () =>
          v.keys.importKeyVersion({
            keyId: (await v.key(ECDSA)).id,
            importKeyVersionDetails: { wrappedImportKey: hybrid(pkcs8(ecPair.privateKey)) },
          }),
      ],
      [
        'into protection EXTERNAL',
        () => importing(AES, direct(randomBytes(32)), { protectionMode: 'EXTERNAL' }),
      ],
    ])('%s is refused', async (_, call) => {
      expect(await refusal(call())).toBe('400 InvalidParameter')
    })

    test('of ECDSA keys by option', async () => {
      const { keys } = (await facing(w.room, { importEcdsa: true })).at(v.vault)
      const importKeyDetails = {
        compartmentId: COMPARTMENT,
        displayName: 'brought',
        keyShape: ECDSA,
        wrappedImportKey: hybrid(pkcs8(ecPair.privateKey)),
      }
      const { key } = await keys.importKey({ importKeyDetails })
      expect(key.keyShape).toMatchObject({ algorithm: 'ECDSA', curveId: 'NIST_P256' })
    })
  })

  describe('export', () => {
    const recipient = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const publicKey = recipient.publicKey.export({ type: 'spki', format: 'pem' }) as string
    const protectionMode = word('SOFTWARE')
    const exporting = async (key: models.Key, algorithm: string, more: object = {}) => {
      const exportKeyDetails = { keyId: key.id, algorithm: word(algorithm), publicKey, ...more }
      const { exportedKeyData } = await v.crypto.exportKey({ exportKeyDetails })
      return Buffer.from(exportedKeyData.encryptedKey, 'base64')
    }
    const open = (block: Uint8Array) =>
      privateDecrypt({ key: recipient.privateKey, ...OAEP }, block)
    function openHybrid(blob: Buffer): Buffer {
      const decipher = createDecipheriv('id-aes256-wrap-pad', open(blob.subarray(0, 256)), KWP_IV)
      return Buffer.concat([decipher.update(blob.subarray(256)), decipher.final()])
    }

    test('gives back what was imported', async () => {
      const material = randomBytes(32)
      const { key } = await importing(AES, direct(material), { protectionMode })
      expect(open(await exporting(key, 'RSA_OAEP_SHA256'))).toEqual(material)
      expect(openHybrid(await exporting(key, 'RSA_OAEP_AES_SHA256'))).toEqual(material)
    })

    test('of key pairs as PKCS #8, in the hybrid form alone', async () => {
      for (const shape of [RSA, ECDSA]) {
        const key = await v.key(shape, { protectionMode })
        const der = openHybrid(await exporting(key, 'RSA_OAEP_AES_SHA256'))
        const { asymmetricKeyType } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
        expect(asymmetricKeyType).toBe(shape === RSA ? 'rsa' : 'ec')
      }
      const key = await v.key(RSA, { protectionMode })
      expect(await refusal(exporting(key, 'RSA_OAEP_SHA256'))).toBe('400 InvalidParameter')
    })

    test('to other keys than RSA is refused', async () => {
      const key = await v.key(AES, { protectionMode })
      const pem = ecPair.publicKey.export({ type: 'spki', format: 'pem' })
      const call = exporting(key, 'RSA_OAEP_SHA256', { publicKey: pem })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })
  })

  describe('EXTERNAL vaults are data', () => {
    const externalKeyManagerMetadata = {
      externalVaultEndpointUrl: 'https://hsm.example',
      privateEndpointId: 'ocid1.ekmsprivateendpoint.oc1..x',
      oauthMetadata: {
        idcsAccountNameUrl: 'https://idcs.example',
        clientAppId: 'app',
        clientAppSecret: 'secret',
      },
    }
    const external = async () => {
      const vault = await w.vault({ vaultType: word('EXTERNAL'), externalKeyManagerMetadata })
      const { keys, crypto } = w.at(vault)
      const make = (more: object) =>
        keys.createKey({
          createKeyDetails: {
            compartmentId: COMPARTMENT,
            displayName: 'k',
            keyShape: AES,
            protectionMode: word('EXTERNAL'),
            externalKeyReference: { externalKeyId: 'there' },
            ...more,
          },
        })
      return { vault, keys, crypto, make }
    }

    test('whose secret is never kept', async () => {
      const { vault } = await external()
      expect(vault.externalKeyManagerMetadataSummary).toMatchObject({
        externalVaultEndpointUrl: 'https://hsm.example',
        oauthMetadataSummary: { clientAppId: 'app' },
      })
      expect(vault).toMatchObject({ isVaultReplicable: false, wrappingkeyId: null })
      const { items } = await w.room.listVaults({})
      expect(JSON.stringify(items)).not.toContain('"secret"')
    })

    test('and whose keys have names there', async () => {
      const { keys, make } = await external()
      const { key } = await make({})
      const reference = { externalKeyId: 'there' }
      expect(key).toMatchObject({
        protectionMode: 'EXTERNAL',
        externalKeyReferenceDetails: reference,
      })
      const keyId = key.id
      expect(await refusal(keys.createKeyVersion({ keyId }))).toBe('400 MissingParameter')
      const createKeyMetadataDetails = { externalKeyVersionId: 'second' }
      const { keyVersion } = await keys.createKeyVersion({ keyId, createKeyMetadataDetails })
      const named = { ...reference, externalKeyVersionId: 'second' }
      expect(keyVersion.externalKeyReferenceDetails).toEqual(named)
      expect((await keys.getKey({ keyId })).key.externalKeyReferenceDetails).toEqual(named)
    })

    test.each<[string, (on: Awaited<ReturnType<typeof external>>) => Promise<unknown>]>([
      [
        'a key of ours in it',
        ({ make }) => make({ protectionMode: 'HSM', externalKeyReference: undefined }),
      ],
      ['an RSA key in it', ({ make }) => make({ keyShape: RSA })],
      ['a wrapping key', ({ keys }) => keys.getWrappingKey({})],
      [
        'a use of its keys',
        async ({ make, crypto }) => {
          const { id: keyId } = (await make({})).key
          return crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } })
        },
      ],
      [
        'a backup',
        ({ vault }) =>
          w.vaults.backupVault({
            vaultId: vault.id,
            backupVaultDetails: {
              backupLocation: { destination: 'PRE_AUTHENTICATED_REQUEST_URI', uri: 'https://o/p' },
            },
          }),
      ],
      [
        'a replica',
        ({ vault }) =>
          w.vaults.createVaultReplica({
            vaultId: vault.id,
            createVaultReplicaDetails: { replicaRegion: 'eu-zurich-1' },
          }),
      ],
      ['no metadata', () => w.vault({ vaultType: word('EXTERNAL') })],
      ['metadata of another vault', () => w.vault({ externalKeyManagerMetadata })],
    ])('%s is refused', async (_, call) => {
      expect(await refusal(call(await external()))).toBe('400 InvalidParameter')
    })
  })
})
