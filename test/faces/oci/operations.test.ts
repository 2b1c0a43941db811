/** Every operation of the three clients, once with success, and what its reply holds (contracts: OCI 3, 4). */
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import type { models } from 'oci-keymanagement'
import { beforeAll, describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../../src/faces/oci/operations.ts'
import {
  AES,
  base64,
  compartment,
  COMPARTMENT,
  ECDSA,
  REGION,
  RSA,
  SERVICE,
  word,
  world,
  type Furnished,
  type World,
} from './world.ts'

let w: World
let v: Furnished
beforeAll(async () => {
  w = await world()
  v = await w.furnished()
})

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
const ocid = (type: string) =>
  expect.stringMatching(
    new RegExp(`^ocid1\\.${type}\\.oc1\\.${REGION}\\.[a-z2-7]{13}\\.ab[a-z2-7]{58}$`),
  ) as unknown as string
const TAGS = { freeformTags: { a: '1' }, definedTags: { ns: { b: [2, null, { c: true }] } } }
const BUCKET = { destination: 'BUCKET', namespace: 'n', bucketName: 'b', objectName: 'o' }
const backupLocation = BUCKET
const text = (value: string) => base64(value)

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

/** What a reply must hold, for a call of each operation. */
type Check = () => Promise<readonly [reply: unknown, holds: object]>
const CHECKS: Readonly<Record<string, Check>> = {
  createVault: async () => {
    const createVaultDetails = {
      compartmentId: COMPARTMENT,
      displayName: 'mine',
      vaultType: word('DEFAULT'),
      ...TAGS,
    }
    const reply = await w.vaults.createVault({ createVaultDetails, opcRequestId: 'asked' })
    const { id, managementEndpoint } = reply.vault
    const extension = id.split('.')[4]!
    const holds = {
      etag: expect.any(String) as string,
      opcRequestId: 'asked',
      vault: {
        id: ocid('vault'),
        compartmentId: COMPARTMENT,
        displayName: 'mine',
        vaultType: 'DEFAULT',
        lifecycleState: 'ACTIVE',
        timeCreated: ISO,
        timeOfDeletion: null,
        managementEndpoint: `https://${extension}-management.kms.${REGION}.oraclecloud.com`,
        cryptoEndpoint: managementEndpoint.replace('-management', '-crypto'),
        wrappingkeyId: ocid('key'),
        restoredFromVaultId: null,
        replicaDetails: undefined,
        isPrimary: true,
        isVaultReplicable: true,
        externalKeyManagerMetadataSummary: undefined,
        ...TAGS,
      },
    }
    return [reply, holds]
  },
  getVault: async () => {
    const reply = await w.vaults.getVault({ vaultId: v.vault.id })
    return [reply, { vault: v.vault, etag: expect.any(String) as string }]
  },
  listVaults: async () => {
    const { id } = await w.vault({ compartmentId: compartment('l'), displayName: 'listed' })
    const reply = await w.vaults.listVaults({ compartmentId: compartment('l') })
    const holds = {
      id,
      displayName: 'listed',
      lifecycleState: 'ACTIVE',
      vaultType: 'VIRTUAL_PRIVATE',
    }
    return [reply, { items: [holds] }]
  },
  updateVault: async () => {
    const { id: vaultId } = await w.vault(TAGS)
    const updateVaultDetails = { displayName: 'new', freeformTags: {} }
    const reply = await w.vaults.updateVault({ vaultId, updateVaultDetails })
    const { definedTags } = TAGS
    return [reply, { vault: { displayName: 'new', freeformTags: {}, definedTags } }]
  },
  changeVaultCompartment: async () => {
    const { id: vaultId } = await w.vault()
    const details = { compartmentId: compartment('e') }
    const request = { vaultId, changeVaultCompartmentDetails: details }
    const reply = await w.vaults.changeVaultCompartment(request)
    expect((await w.vaults.getVault({ vaultId })).vault).toMatchObject(details)
    return [reply, { etag: expect.any(String) as string }]
  },
  scheduleVaultDeletion: async () => {
    const { id: vaultId } = await w.vault()
    const details = { scheduleVaultDeletionDetails: {} }
    const reply = await w.vaults.scheduleVaultDeletion({ vaultId, ...details })
    return [reply, { vault: { lifecycleState: 'PENDING_DELETION', timeOfDeletion: ISO } }]
  },
  cancelVaultDeletion: async () => {
    const { id: vaultId } = await w.vault()
    await w.vaults.scheduleVaultDeletion({ vaultId, scheduleVaultDeletionDetails: {} })
    const reply = await w.vaults.cancelVaultDeletion({ vaultId })
    return [reply, { vault: { lifecycleState: 'ACTIVE', timeOfDeletion: null } }]
  },
  getVaultUsage: async () => {
    const { vault, key } = await w.furnished()
    await key()
    await key(RSA, { protectionMode: word('SOFTWARE') })
    const counts = {
      keyCount: 1,
      keyVersionCount: 1,
      softwareKeyCount: 1,
      softwareKeyVersionCount: 1,
    }
    return [await w.vaults.getVaultUsage({ vaultId: vault.id }), { vaultUsage: counts }]
  },
  updateRegisteredVaultForMtls: async () => {
    const { id: vaultId } = await w.vault(TAGS)
    const updateRegisteredVaultForMtlsDetails = { fleetId: 'fleet' }
    const request = { vaultId, updateRegisteredVaultForMtlsDetails }
    const reply = await w.vaults.updateRegisteredVaultForMtls(request)
    const tagged = { vaultId, updateVaultDetails: { definedTags: {} } }
    expect((await w.vaults.updateVault(tagged)).vault.definedTags).toEqual({})
    const mtlsCryptoDns = expect.stringContaining('-crypto-mtls.kms.') as string
    const holds = { fleetId: 'fleet', status: 'CREATED', mtlsCryptoDns }
    return [reply, { vaultMtlsUpdateResponse: holds }]
  },
  createVaultReplica: async () => {
    const request = { createVaultReplicaDetails: { replicaRegion: 'eu-zurich-1' } }
    const { id: vaultId } = await w.vault()
    const reply = await w.vaults.createVaultReplica({ vaultId, ...request })
    return [reply, { opcWorkRequestId: expect.stringContaining('ocid1.') as string }]
  },
  deleteVaultReplica: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const request = { vaultId, deleteVaultReplicaDetails: region }
    const reply = await w.vaults.deleteVaultReplica(request)
    return [reply, { opcWorkRequestId: expect.stringContaining('ocid1.') as string }]
  },
  listVaultReplicas: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const managementEndpoint = expect.stringContaining('-management.kms.eu-zurich-1.') as string
    const item = { region: 'eu-zurich-1', status: 'CREATING', managementEndpoint }
    return [await w.vaults.listVaultReplicas({ vaultId }), { items: [item] }]
  },
  getReplicationStatus: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const { vault } = await w.vaults.getVault({ vaultId })
    const { replicationId } = vault.replicaDetails!
    const reply = await w.at(vault).keys.getReplicationStatus({ replicationId: replicationId! })
    const replicaDetails = [{ region: 'eu-zurich-1', status: 'REPLICATING' }]
    return [reply, { replicationStatusDetails: { replicaDetails } }]
  },
  backupVault: async () => {
    const backupVaultDetails = { backupLocation, isIncludeKeys: true }
    const reply = await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails })
    expect(Buffer.from(w.objects.last).every((byte) => byte < 128)).toBe(true)
    return [reply, { vault: { id: v.vault.id }, opcWorkRequestId: expect.any(String) as string }]
  },
  restoreVaultFromFile: async () => {
    const { room } = w
    const far = await world({}, { region: 'us-ashburn-1', realm: room })
    await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails: { backupLocation } })
    const reply = await far.vaults.restoreVaultFromFile({
      compartmentId: COMPARTMENT,
      restoreVaultFromFileDetails: w.objects.last,
    })
    const iad = expect.stringContaining('ocid1.vault.oc1.iad.') as string
    const vault = { id: iad, restoredFromVaultId: expect.any(String) as string }
    return [reply, { vault, opcContentMd5: expect.any(String) as string }]
  },
  restoreVaultFromObjectStore: async () => {
    const { objects } = w
    const far = await world({}, { region: 'us-phoenix-1', realm: w.room, objects })
    await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails: { backupLocation } })
    const restoreVaultFromObjectStoreDetails = { backupLocation }
    const request = { compartmentId: COMPARTMENT, restoreVaultFromObjectStoreDetails }
    const reply = await far.vaults.restoreVaultFromObjectStore(request)
    return [
      reply,
      { vault: { displayName: 'vault' }, opcWorkRequestId: expect.any(String) as string },
    ]
  },

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
    const restoreKeyFromFileDetails = w.objects.last
    const reply = await v.keys.restoreKeyFromFile({ restoreKeyFromFileDetails })
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

test('no operation is left out', () => {
  expect(Object.keys(CHECKS).sort()).toEqual(Object.keys(OPERATIONS).sort())
})

describe('with success', () => {
  test.each(Object.entries(CHECKS))('%s', async (_, check) => {
    const [reply, holds] = await check()
    expect(reply).toMatchObject(holds)
  })
})

describe('on the wire', () => {
  /** The JSON of a reply, before the client makes a model of it. */
  const wire = async (base: string, path: string) => {
    const uri = `${base}/20180608${path}`
    const request = { method: 'GET', uri, headers: new Headers() }
    return (await (await w.httpClient.send(request)).json()) as Record<string, unknown>
  }
  const names = (words: string) => words.split(' ').sort()

  test('a property without a value is null', async () => {
    const { id } = await v.key()
    const vault = await wire(SERVICE, `/vaults/${v.vault.id}`)
    const key = await wire(v.keys.endpoint, `/keys/${id}`)
    const nulls = (reply: object) =>
      Object.entries(reply).flatMap(([name, value]) => (value === null ? [name] : []))
    expect(nulls(vault).sort()).toEqual(
      names('externalKeyManagerMetadataSummary replicaDetails restoredFromVaultId timeOfDeletion'),
    )
    expect(nulls(key).sort()).toEqual(
      names(
        'autoKeyRotationDetails externalKeyReferenceDetails replicaDetails restoredFromKeyId ' +
          'timeOfDeletion',
      ),
    )
  })

  test('lists are arrays of summaries', async () => {
    const query = `?compartmentId=${COMPARTMENT}`
    const [vault] = (await wire(SERVICE, `/vaults${query}`)) as unknown as object[]
    const [key] = (await wire(v.keys.endpoint, `/keys${query}`)) as unknown as object[]
    expect(Object.keys(vault!).sort()).toEqual(
      names(
        'compartmentId cryptoEndpoint definedTags displayName externalKeyManagerMetadataSummary ' +
          'freeformTags id lifecycleState managementEndpoint timeCreated vaultType',
      ),
    )
    expect(Object.keys(key!).sort()).toEqual(
      names(
        'algorithm compartmentId definedTags displayName externalKeyReferenceDetails freeformTags ' +
          'id isAutoRotationEnabled lifecycleState protectionMode timeCreated vaultId',
      ),
    )
  })
})
