/**
 * Moving from one cloud to another without new keys: one vault, the same key through the client of
 * OCI and as a key of AWS. What one encrypts or signs, the other opens and verifies.
 */
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  KMSClient,
  ListKeysCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { KeyClient } from '@azure/keyvault-keys'
import {
  KmsCryptoClient,
  KmsManagementClient,
  KmsVaultClient,
  type models,
} from 'oci-keymanagement'
import { beforeAll, describe, expect, it } from 'vitest'
import { awsRequestHandler } from '../../src/faces/aws/index.ts'
import { azureCredential, azureHttpClient } from '../../src/faces/azure/index.ts'
import { ociHttpClient } from '../../src/faces/oci/index.ts'
import { Strongroom } from '../../src/index.ts'

const COMPARTMENT = `ocid1.compartment.oc1..${'c'.repeat(60)}`
const REGION = 'eu-frankfurt-1'
const word = (text: string): never => text as never
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const MESSAGE = new TextEncoder().encode('ten apples')

let keys: KmsManagementClient
let use: KmsCryptoClient
let kms: KMSClient
let room: Strongroom

beforeAll(async () => {
  room = await Strongroom.open({ region: REGION })
  const httpClient = ociHttpClient(room)
  const vaults = new KmsVaultClient({ httpClient })
  vaults.endpoint = `https://kms.${REGION}.oraclecloud.com`
  const { vault } = await vaults.createVault({
    createVaultDetails: {
      compartmentId: COMPARTMENT,
      displayName: 'shop',
      vaultType: word('DEFAULT'),
    },
  })
  keys = new KmsManagementClient({ httpClient })
  keys.endpoint = vault.managementEndpoint
  use = new KmsCryptoClient({ httpClient })
  use.endpoint = vault.cryptoEndpoint
  const { items } = await room.listVaults({})
  kms = new KMSClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: awsRequestHandler(room, { vaultId: items[0]!.id }),
  })
})

/** A key of OCI, and the id under which AWS knows it. */
async function keyOf(keyShape: models.KeyShape) {
  const { key } = await keys.createKey({
    createKeyDetails: { compartmentId: COMPARTMENT, displayName: 'moved', keyShape },
  })
  const { Keys } = await kms.send(new ListKeysCommand({}))
  return { keyId: key.id, KeyId: Keys!.at(-1)!.KeyId! }
}

describe('a key that was made through OCI', () => {
  it('opens through AWS what OCI encrypted, and the other way round', async () => {
    const { keyId, KeyId } = await keyOf({ algorithm: word('AES'), length: 32 })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeySpec: 'SYMMETRIC_DEFAULT', KeyState: 'Enabled' })
    const associatedData = { table: 'orders' }
    const { encryptedData } = await use.encrypt({
      encryptDataDetails: { keyId, plaintext: base64(MESSAGE), associatedData },
    })
    const opened = await kms.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(encryptedData.ciphertext, 'base64'),
        EncryptionContext: associatedData,
      }),
    )
    expect(new Uint8Array(opened.Plaintext!)).toEqual(MESSAGE)
    expect(opened.KeyId).toBe(KeyMetadata!.Arn)

    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId, Plaintext: MESSAGE, EncryptionContext: associatedData }),
    )
    const ciphertext = base64(CiphertextBlob!)
    const { decryptedData } = await use.decrypt({
      decryptDataDetails: { keyId, ciphertext, associatedData },
    })
    expect(decryptedData.plaintext).toBe(base64(MESSAGE))
  })

  it.each([
    ['ECDSA', 32, 'ECDSA_SHA_256', 'ECDSA_SHA_256'],
    ['RSA', 256, 'SHA_256_RSA_PKCS_PSS', 'RSASSA_PSS_SHA_256'],
    ['RSA', 256, 'SHA_512_RSA_PKCS1_V1_5', 'RSASSA_PKCS1_V1_5_SHA_512'],
  ] as const)('%s %i: signatures of %s hold as %s', async (algorithm, length, theirs, ours) => {
    const curve = algorithm === 'ECDSA' && { curveId: word('NIST_P256') }
    const { keyId, KeyId } = await keyOf({ algorithm: word(algorithm), length, ...curve })
    const message = base64(MESSAGE)
    const signingAlgorithm = word(theirs)
    const { signedData } = await use.sign({
      signDataDetails: { keyId, message, signingAlgorithm },
    })
    const Signature = Buffer.from(signedData.signature, 'base64')
    const verify = { KeyId, Message: MESSAGE, SigningAlgorithm: ours }
    const { SignatureValid } = await kms.send(new VerifyCommand({ ...verify, Signature }))
    expect(SignatureValid).toBe(true)

    const signed = await kms.send(new SignCommand(verify))
    const { verifiedData } = await use.verify({
      verifyDataDetails: {
        keyId,
        keyVersionId: signedData.keyVersionId,
        message,
        signature: base64(signed.Signature!),
        signingAlgorithm,
      },
    })
    expect(verifiedData.isSignatureValid).toBe(true)
  })

  it('is disabled for both when one disables it', async () => {
    const { keyId, KeyId } = await keyOf({ algorithm: word('AES'), length: 32 })
    await keys.disableKey({ keyId })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled', Enabled: false })
    const refused = kms.send(new EncryptCommand({ KeyId, Plaintext: MESSAGE }))
    await expect(refused).rejects.toMatchObject({ name: 'DisabledException' })
  })
})

describe('a key that was made through AWS', () => {
  it('is a key of the vault for OCI', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'new here' }))
    const { items } = await keys.listKeys({ compartmentId: COMPARTMENT, sortOrder: word('DESC') })
    const { id: keyId } = items[0]!
    const { encryptedData } = await use.encrypt({
      encryptDataDetails: { keyId, plaintext: base64(MESSAGE) },
    })
    const CiphertextBlob = Buffer.from(encryptedData.ciphertext, 'base64')
    const { KeyId } = await kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(KeyId).toBe(KeyMetadata!.Arn)
  })
})

describe('a key that was made through OCI and got a name of Azure', () => {
  it('signs there what OCI verifies, under the name that it was given', async () => {
    const { items } = await room.listVaults({})
    const vaultId = items[0]!.id
    const curve = { algorithm: word('ECDSA'), length: 32, curveId: word('NIST_P256') }
    const { keyId } = await keyOf(curve)
    const { items: listed } = await room.listKeys({ vaultId, sortOrder: 'DESC', limit: 1 })
    await room.createAlias({ keyId: listed[0]!.id, vaultId, name: 'alias/azure/MOVED' })
    const azure = new KeyClient('https://shop.vault.azure.net', azureCredential(), {
      httpClient: azureHttpClient(room, { vaultId }),
    })
    const key = await azure.getKey('moved')
    expect(key).toMatchObject({ name: 'moved', keyType: 'EC-HSM' })
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', MESSAGE))
    const signer = azure.getCryptographyClient('moved')
    const { result } = await signer.sign('ES256', digest)
    const der = derOf(result)
    const { key: there } = await keys.getKey({ keyId })
    const { verifiedData } = await use.verify({
      verifyDataDetails: {
        keyId,
        keyVersionId: there.currentKeyVersion,
        message: base64(MESSAGE),
        signature: base64(der),
        signingAlgorithm: word('ECDSA_SHA_256'),
      },
    })
    expect(verifiedData.isSignatureValid).toBe(true)
  })
})

/** ASN.1 of r || s: Azure has the one, OCI the other. */
function derOf(raw: Uint8Array): Uint8Array {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const digits = Buffer.from(number.subarray(number.findIndex((byte) => byte !== 0)))
    const body = digits[0]! < 0x80 ? digits : Buffer.concat([Buffer.alloc(1), digits])
    return Buffer.concat([Uint8Array.of(2, body.length), body])
  })
  const body = Buffer.concat(integers)
  return Buffer.concat([Uint8Array.of(0x30, body.length), body])
}
