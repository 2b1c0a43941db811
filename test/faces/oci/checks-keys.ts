/** One successful call of every operation of KmsManagementClient and KmsCryptoClient. */
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import type { models } from 'oci-keymanagement'
import { expect } from 'vitest'
import { backupLocation, ISO, ocid, TAGS, text, v, w, type Checks } from './checks.ts'
import { AES, base64, compartment, COMPARTMENT, ECDSA, file, RSA, word } from './world.ts'

/** Under the vault's wrapping key. */
async function wrapped(material: Uint8Array): Promise<models.WrappedImportKey> {
  const { wrappingKey } = await v.keys.getWrappingKey({})
  const key = { key: wrappingKey.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }
  const keyMaterial = base64(publicEncrypt({ ...key, oaepHash: 'sha256' }, material))
  return { keyMaterial, wrappingAlgorithm: word('RSA_OAEP_SHA256') }
}

/** A key with an older version beside the current one. */
async function rotated() {
  const key = await v.key()
  await v.keys.createKeyVersion({ keyId: key.id })
  return { keyId: key.id, keyVersionId: key.currentKeyVersion }
}

export const KEY_CHECKS: Checks = {
  createKey: async () => {
    const createKeyDetails = {
      compartmentId: COMPARTMENT,
      displayName: 'mine',
      keyShape: ECDSA,
      protectionMode: word('SOFTWARE'),
      isAutoRotationEnabled: true,
      autoKeyRotationDetails: { rotationIntervalInDays: 90 },
      ...TAGS,
    }
    const reply = await v.keys.createKey({ createKeyDetails })
    const today = new Date(w.clock.now()).toISOString()
    const key = {
      id: ocid('key'),
      compartmentId: COMPARTMENT,
      vaultId: v.vault.id,
      displayName: 'mine',
      keyShape: { algorithm: 'ECDSA', length: 32, curveId: 'NIST_P256' },
      protectionMode: 'SOFTWARE',
      lifecycleState: 'ENABLED',
      timeCreated: ISO,
      timeOfDeletion: null,
      currentKeyVersion: ocid('keyversion'),
      restoredFromKeyId: null,
      replicaDetails: undefined,
      isPrimary: true,
      isAutoRotationEnabled: true,
      autoKeyRotationDetails: {
        rotationIntervalInDays: 90,
        timeOfScheduleStart: `${today.slice(0, 10)}T00:00:00.000Z`,
        timeOfNextRotation: ISO,
        timeOfLastRotation: null,
        lastRotationStatus: null,
        lastRotationMessage: null,
      },
      externalKeyReferenceDetails: undefined,
      ...TAGS,
    }
    return [reply, { key, etag: expect.any(String) as string }]
  },
  getKey: async () => {
    const key = await v.key(RSA)
    return [await v.keys.getKey({ keyId: key.id }), { key }]
  },
  listKeys: async () => {
    const { keys, key } = await w.furnished()
    const { id } = await key(RSA)
    const reply = await keys.listKeys({ compartmentId: COMPARTMENT })
    return [reply, { items: [{ id, algorithm: 'RSA', lifecycleState: 'ENABLED' }] }]
  },
  updateKey: async () => {
    const { id: keyId } = await v.key()
    const rotation = { autoKeyRotationDetails: { rotationIntervalInDays: 60 } }
    const updateKeyDetails = { displayName: 'new', isAutoRotationEnabled: true, ...rotation }
    const reply = await v.keys.updateKey({ keyId, updateKeyDetails })
    return [reply, { key: { ...updateKeyDetails, keyShape: { curveId: null } } }]
  },
  disableKey: async () => {
    const { id: keyId } = await v.key()
    return [await v.keys.disableKey({ keyId }), { key: { lifecycleState: 'DISABLED' } }]
  },
  enableKey: async () => {
    const { id: keyId } = await v.key()
    await v.keys.disableKey({ keyId })
    return [await v.keys.enableKey({ keyId }), { key: { lifecycleState: 'ENABLED' } }]
  },
  changeKeyCompartment: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key()
    const details = { compartmentId: compartment('e') }
    const reply = await v.keys.changeKeyCompartment({ keyId, changeKeyCompartmentDetails: details })
    const { keyVersion } = await v.keys.getKeyVersion({ keyId, keyVersionId })
    expect(keyVersion).toMatchObject(details)
    return [reply, { etag: expect.any(String) as string }]
  },
  scheduleKeyDeletion: async () => {
    const { id: keyId } = await v.key()
    const request = { keyId, scheduleKeyDeletionDetails: {} }
    const holds = { lifecycleState: 'PENDING_DELETION', timeOfDeletion: ISO }
    return [await v.keys.scheduleKeyDeletion(request), { key: holds }]
  },
  cancelKeyDeletion: async () => {
    const { id: keyId } = await v.key()
    await v.keys.scheduleKeyDeletion({ keyId, scheduleKeyDeletionDetails: {} })
    return [await v.keys.cancelKeyDeletion({ keyId }), { key: { lifecycleState: 'ENABLED' } }]
  },
  backupKey: async () => {
    const { id: keyId } = await v.key()
    const reply = await v.keys.backupKey({ keyId, backupKeyDetails: { backupLocation } })
    return [reply, { key: { id: keyId }, opcWorkRequestId: expect.any(String) as string }]
  },
  restoreKeyFromFile: async () => {
    const { id: keyId } = await v.key()
    await v.keys.backupKey({ keyId, backupKeyDetails: { backupLocation } })
    const { body: restoreKeyFromFileDetails, contentLength } = file(w.objects.last)
    const request = { restoreKeyFromFileDetails, contentLength }
    const reply = await v.keys.restoreKeyFromFile(request)
    return [reply, { key: { id: keyId }, opcContentMd5: expect.any(String) as string }]
  },
  restoreKeyFromObjectStore: async () => {
    const { id: keyId } = await v.key()
    await v.keys.backupKey({ keyId, backupKeyDetails: { backupLocation } })
    const restoreKeyFromObjectStoreDetails = { backupLocation }
    const reply = await v.keys.restoreKeyFromObjectStore({ restoreKeyFromObjectStoreDetails })
    return [reply, { key: { id: keyId }, opcWorkRequestId: expect.any(String) as string }]
  },

  createKeyVersion: async () => {
    const { id: keyId } = await v.key(RSA)
    const reply = await v.keys.createKeyVersion({ keyId })
    const keyVersion = {
      id: ocid('keyversion'),
      compartmentId: COMPARTMENT,
      keyId,
      vaultId: v.vault.id,
      lifecycleState: 'ENABLED',
      origin: 'INTERNAL',
      timeCreated: ISO,
      timeOfDeletion: null,
      publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/) as string,
      restoredFromKeyVersionId: null,
      replicaDetails: undefined,
      isPrimary: true,
      isAutoRotated: false,
      externalKeyReferenceDetails: undefined,
    }
    expect((await v.keys.getKey({ keyId })).key.currentKeyVersion).toBe(reply.keyVersion.id)
    return [reply, { keyVersion, etag: expect.any(String) as string }]
  },
  getKeyVersion: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key()
    const keyVersion = { id: keyVersionId, keyId, publicKey: null }
    return [await v.keys.getKeyVersion({ keyId, keyVersionId }), { keyVersion }]
  },
  listKeyVersions: async () => {
    const { keyId, keyVersionId } = await rotated()
    const reply = await v.keys.listKeyVersions({ keyId })
    expect(reply.items[0]).not.toHaveProperty('publicKey')
    return [reply, { items: [{ keyId, isAutoRotated: false }, { id: keyVersionId }] }]
  },
  scheduleKeyVersionDeletion: async () => {
    const version = await rotated()
    const request = { ...version, scheduleKeyVersionDeletionDetails: {} }
    const reply = await v.keys.scheduleKeyVersionDeletion(request)
    const holds = { lifecycleState: 'PENDING_DELETION', timeOfDeletion: ISO }
    return [reply, { keyVersion: holds }]
  },
  cancelKeyVersionDeletion: async () => {
    const version = await rotated()
    const request = { ...version, scheduleKeyVersionDeletionDetails: {} }
    await v.keys.scheduleKeyVersionDeletion(request)
    const reply = await v.keys.cancelKeyVersionDeletion(version)
    return [reply, { keyVersion: { lifecycleState: 'ENABLED', timeOfDeletion: null } }]
  },
  getWrappingKey: async () => {
    const reply = await v.keys.getWrappingKey({})
    expect(createPublicKey(reply.wrappingKey.publicKey).asymmetricKeyDetails).toMatchObject({
      modulusLength: 4096,
    })
    const { wrappingkeyId: id, id: vaultId } = v.vault
    const shape = { algorithm: 'RSA', length: 512, curveId: null }
    const { key } = await v.keys.getKey({ keyId: id })
    expect(key).toMatchObject({ id, displayName: 'RSA wrapping key', keyShape: shape })
    expect(key).toMatchObject({ protectionMode: 'HSM', lifecycleState: 'ENABLED' })
    return [reply, { wrappingKey: { id, vaultId, lifecycleState: 'ENABLED', timeCreated: ISO } }]
  },
  importKey: async () => {
    const importKeyDetails = {
      compartmentId: COMPARTMENT,
      displayName: 'brought',
      keyShape: { ...AES, length: 16 },
      wrappedImportKey: await wrapped(new Uint8Array(16).fill(1)),
    }
    const reply = await v.keys.importKey({ importKeyDetails })
    const { id: keyId, currentKeyVersion: keyVersionId } = reply.key
    const { keyVersion } = await v.keys.getKeyVersion({ keyId, keyVersionId })
    expect(keyVersion.origin).toBe('EXTERNAL')
    return [reply, { key: { lifecycleState: 'ENABLED', keyShape: { length: 16 } } }]
  },
  importKeyVersion: async () => {
    const { id: keyId } = await v.key()
    const wrappedImportKey = await wrapped(new Uint8Array(32).fill(2))
    const reply = await v.keys.importKeyVersion({
      keyId,
      importKeyVersionDetails: { wrappedImportKey },
    })
    expect((await v.keys.getKey({ keyId })).key.currentKeyVersion).toBe(reply.keyVersion.id)
    return [reply, { keyVersion: { keyId, origin: 'EXTERNAL', lifecycleState: 'ENABLED' } }]
  },

  encrypt: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key()
    const reply = await v.crypto.encrypt({ encryptDataDetails: { keyId, plaintext: text('x') } })
    return [reply, { encryptedData: { keyId, keyVersionId, encryptionAlgorithm: 'AES_256_GCM' } }]
  },
  decrypt: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key()
    const plaintext = text('Hello OCI Vault')
    const { encryptedData } = await v.crypto.encrypt({ encryptDataDetails: { keyId, plaintext } })
    const decryptDataDetails = { keyId, ciphertext: encryptedData.ciphertext }
    const reply = await v.crypto.decrypt({ decryptDataDetails })
    const holds = { plaintext, plaintextChecksum: '1735056167', keyId, keyVersionId }
    return [reply, { decryptedData: holds }]
  },
  generateDataEncryptionKey: async () => {
    const { id: keyId } = await v.key()
    const keyShape = { ...AES, length: 24 }
    const generateKeyDetails = { keyId, includePlaintextKey: true, keyShape }
    const reply = await v.crypto.generateDataEncryptionKey({ generateKeyDetails })
    const { ciphertext, plaintext, plaintextChecksum } = reply.generatedKey
    expect(Buffer.from(plaintext!, 'base64')).toHaveLength(24)
    const { decryptedData } = await v.crypto.decrypt({ decryptDataDetails: { keyId, ciphertext } })
    return [{ ...decryptedData }, { plaintext, plaintextChecksum }]
  },
  sign: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key(ECDSA)
    const signingAlgorithm = word('ECDSA_SHA_384')
    const signDataDetails = { keyId, message: text('m'), signingAlgorithm }
    const reply = await v.crypto.sign({ signDataDetails })
    return [reply, { signedData: { keyId, keyVersionId, signingAlgorithm } }]
  },
  verify: async () => {
    const { id: keyId, currentKeyVersion: keyVersionId } = await v.key(RSA)
    const signingAlgorithm = word('SHA_512_RSA_PKCS_PSS')
    const details = { keyId, message: text('m'), signingAlgorithm }
    const { signedData } = await v.crypto.sign({ signDataDetails: details })
    const { signature } = signedData
    const verifyDataDetails = {
      ...details,
      keyVersionId,
      signature,
      signingAlgorithm: word('SHA_512_RSA_PKCS_PSS'),
    }
    const reply = await v.crypto.verify({ verifyDataDetails })
    return [reply, { verifiedData: { isSignatureValid: true } }]
  },
  exportKey: async () => {
    const key = await v.key(ECDSA, {
      protectionMode: word('SOFTWARE'),
    })
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const algorithm = word('RSA_OAEP_AES_SHA256')
    const exportKeyDetails = { keyId: key.id, algorithm, publicKey: pem }
    const reply = await v.crypto.exportKey({ exportKeyDetails })
    const holds = { keyId: key.id, vaultId: v.vault.id, algorithm, timeCreated: ISO }
    return [reply, { exportedKeyData: holds }]
  },
}
